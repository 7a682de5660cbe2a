using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Policies;

/// <summary>What a limit counts together.</summary>
public enum RateLimitScope
{
    /// <summary>The rollouts of one workload, by kind and name: deleting and creating it again is no way around.</summary>
    Workload,

    /// <summary>The rollouts of one namespace.</summary>
    Namespace,

    /// <summary>The rollouts of all namespaces that the policy selects.</summary>
    Policy,
}

/// <summary>Which rollouts a limit or a freeze is about.</summary>
public enum ChangeSubset
{
    All,
    AIAssisted,
}

/// <summary>
/// At most <see cref="Rollouts"/> rollouts lie in any window of this length. Exempt rollbacks and break-glass do not count.
/// </summary>
public sealed record RateLimit
{
    public const int MaxRollouts = 200;
    public static readonly TimeSpan MinWindow = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan MaxWindow = TimeSpan.FromDays(7);

    /// <summary>Named in the rejection and in metrics; unique in its policy.</summary>
    public required string Name { get; init; }

    public required RateLimitScope Per { get; init; }

    /// <summary>1 to <see cref="MaxRollouts"/>.</summary>
    public required int Rollouts { get; init; }

    /// <summary><see cref="MinWindow"/> to <see cref="MaxWindow"/>.</summary>
    public required TimeSpan Window { get; init; }

    public ChangeSubset AppliesTo { get; init; } = ChangeSubset.All;

    /// <summary>Whether a rollout of this provenance counts, and is held up, as this policy reads provenance.</summary>
    public bool AppliesToProvenance(Provenance provenance, UndeclaredMeaning undeclared) => AppliesTo.Covers(provenance, undeclared);
}

public static class ChangeSubsets
{
    /// <summary>Whether a change of this provenance is among them, where this is what an undeclared one counts as.</summary>
    public static bool Covers(this ChangeSubset subset, Provenance provenance, UndeclaredMeaning undeclared) =>
        subset == ChangeSubset.All
        || provenance == Provenance.AIAssisted
        || (provenance == Provenance.Undeclared && undeclared == UndeclaredMeaning.AIAssisted);
}

/// <summary>Whether a rollback passes the rules.</summary>
public enum RollbackTreatment
{
    /// <summary>Back to what ran well is the safe direction: it passes approval, budget, cooldown and freeze.</summary>
    Exempt,

    /// <summary>A rollback is a rollout like any other.</summary>
    Govern,
}

/// <summary>What the operator does about a rollout that nobody admitted.</summary>
public enum UnadmittedRolloutResponse
{
    Report,

    /// <summary>The Deployment is paused; other kinds cannot be and are reported.</summary>
    Pause,
}
