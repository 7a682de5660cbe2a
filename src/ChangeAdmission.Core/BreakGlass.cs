using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core;

/// <summary>
/// The way past every rule, for an emergency: a reason in the annotation <c>changeadmission.io/break-glass</c>, written in this very
/// request by a person who holds the verb <c>breakglass</c> on every governing policy. It opens one rollout; what was written before
/// opens nothing, so a reason that stays on the workload, or comes from Git, is no standing permission. A closed set.
/// </summary>
public abstract record BreakGlass
{
    /// <summary>A reason is for people who read it later: one word is none.</summary>
    public const int MinReason = 10;
    public const int MaxReason = 1024;

    private BreakGlass()
    {
    }

    /// <summary>Nobody tried.</summary>
    public sealed record Untouched : BreakGlass
    {
        public static Untouched Instance { get; } = new();
    }

    /// <summary>The rollout passes every rule.</summary>
    public sealed record Broken(string Reason) : BreakGlass;

    /// <summary>It opens nothing.</summary>
    /// <param name="Why">As half a sentence.</param>
    public sealed record Whole(string Why) : BreakGlass;

    /// <param name="governing">The policies that govern the workload.</param>
    /// <param name="ask">Takes the questions whose answers are missing; until they are answered, it opens nothing.</param>
    internal static BreakGlass Of(Change change, IReadOnlyList<ChangePolicy> governing, Facts facts, Action<Question> ask)
    {
        if (!change.IsRollout || governing.Count == 0 || change.Proposed.Annotations.GetValueOrDefault(WellKnown.BreakGlass) is not { } reason)
        {
            return Untouched.Instance;
        }

        if (reason == change.Current?.Annotations.GetValueOrDefault(WellKnown.BreakGlass))
        {
            return new Whole("its reason stood there before this request; who needs it now writes one for now");
        }

        if (reason.Trim().Length < MinReason || reason.Length > MaxReason)
        {
            return new Whole($"its reason must have {MinReason} to {MaxReason} characters");
        }

        if (!change.Requester.IsPerson)
        {
            return new Whole($"{Quoted.Of(change.Requester.Username)} is not a person, and only people break the glass");
        }

        if (change.Digest is null)
        {
            return new Whole("the pod template cannot be read, so there is nothing to write down");
        }

        List<string> missing = [];
        var isKnown = true;
        foreach (var policy in governing)
        {
            if (!facts.RequesterMayBreakGlass.TryGetValue(policy.Name, out var may))
            {
                ask(new Question.MayBreakGlass(policy.Name));
                isKnown = false;
            }
            else if (!may)
            {
                missing.Add($"changepolicies.changeadmission.io/{policy.Name}");
            }
        }

        return missing.Count > 0 ? new Whole($"{Quoted.Of(change.Requester.Username)} lacks the verb breakglass on {string.Join(", ", missing)}")
            : isKnown ? new Broken(reason)
            : Untouched.Instance;
    }
}
