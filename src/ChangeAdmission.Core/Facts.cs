namespace ChangeAdmission.Core;

/// <summary>What a decision may have to ask of the cluster. A closed set.</summary>
public abstract record Question
{
    private Question()
    {
    }

    /// <summary>Whether the requester holds the verb <c>approve</c> on the policy (a SubjectAccessReview).</summary>
    public sealed record MayApprove(string Policy) : Question;

    /// <summary>Which values of the approval annotation the Deployment's ReplicaSets carry.</summary>
    public sealed record ApprovalsOnReplicaSets : Question;
}

/// <summary>
/// The answers known so far. Rules are pure: they look here, and where an answer is missing they name the question
/// (<see cref="Evaluation.NeedsFacts"/>), so that nothing is asked whose answer cannot matter.
/// </summary>
public sealed record Facts
{
    public static Facts None { get; } = new();

    /// <summary>By policy: whether the requester may approve under it.</summary>
    public IReadOnlyDictionary<string, bool> RequesterMayApprove { get; init; } = new Dictionary<string, bool>();

    /// <summary>The single values that stood on the workload's ReplicaSets; null while not asked.</summary>
    public IReadOnlySet<string>? ApprovalsOnReplicaSets { get; init; }
}
