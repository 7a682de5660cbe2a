using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core;

/// <summary>How a change fared under one policy, or under all of them together.</summary>
public enum Outcome
{
    /// <summary>The zero value: nothing is admitted by default.</summary>
    Rejected,

    /// <summary>A rule is broken; the change is admitted and the user warned.</summary>
    Warned,

    /// <summary>A rule is broken; the change is admitted and counted.</summary>
    Audited,

    Admitted,
}

/// <summary>The verdict of one policy.</summary>
/// <param name="Policy">The policy's name; null where no policy could be asked.</param>
/// <param name="Provenance">What the change declares, read as this policy reads it.</param>
/// <param name="Violations">All that is broken, in the order of <see cref="Reason"/>.</param>
public sealed record PolicyDecision(string? Policy, Enforcement Enforcement, Provenance Provenance, IReadOnlyList<Violation> Violations)
{
    public Outcome Outcome => (Violations.Count, Enforcement) switch
    {
        (0, _) => Outcome.Admitted,
        (_, Enforcement.Enforce) => Outcome.Rejected,
        _ when Violations.Any(v => v.Reason.RejectsInEveryMode()) => Outcome.Rejected,
        (_, Enforcement.Warn) => Outcome.Warned,
        (_, Enforcement.Audit) => Outcome.Audited,
        _ => Outcome.Rejected,
    };
}

/// <summary>The verdict on one change: every policy that governs it must admit it.</summary>
/// <param name="Policies">One per governing policy, by name; empty when none governs.</param>
public sealed record Decision(Change Change, IReadOnlyList<PolicyDecision> Policies)
{
    /// <summary>What to write down before the change is admitted; null where nothing is.</summary>
    public Rollout? Rollout { get; init; }

    /// <summary>The policies under which the change declares itself AI-assisted, which is remembered whatever becomes of it.</summary>
    public IReadOnlyList<string> PresentedUnder { get; init; } = [];

    /// <summary>Whether somebody tried to pass every rule, and what came of that.</summary>
    public BreakGlass BreakGlass { get; init; } = BreakGlass.Untouched.Instance;

    public Outcome Outcome => Policies.Count == 0 ? Outcome.Admitted : Policies.Min(p => p.Outcome);

    public bool IsAllowed => Outcome != Outcome.Rejected;
}

/// <summary>What comes of looking at a change: a decision, or the questions to answer first.</summary>
public abstract record Evaluation
{
    private Evaluation()
    {
    }

    public sealed record Decided(Decision Decision) : Evaluation;

    /// <summary>No decision yet: evaluate again with the answers. Never empty.</summary>
    public sealed record NeedsFacts(IReadOnlyList<Question> Questions) : Evaluation;
}
