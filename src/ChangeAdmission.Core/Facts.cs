using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core;

/// <summary>What a decision may have to ask of the cluster. A closed set.</summary>
public abstract record Question
{
    private Question()
    {
    }

    /// <summary>Whether the requester holds the verb <c>approve</c> on the policy (a SubjectAccessReview).</summary>
    public sealed record MayApprove(string Policy) : Question;

    /// <summary>Whether the requester holds the verb <c>breakglass</c> on the policy.</summary>
    public sealed record MayBreakGlass(string Policy) : Question;

    /// <summary>Which values of the approval annotation the Deployment's ReplicaSets carry.</summary>
    public sealed record ApprovalsOnReplicaSets : Question;

    /// <summary>The <c>ChangeApproval</c>s of the workload's namespace, read at this moment.</summary>
    public sealed record ApprovalObjects : Question;

    /// <summary>The ledger of the workload's namespace.</summary>
    public sealed record NamespaceLedger : Question;

    /// <summary>The ledger in which a policy counts over all its namespaces.</summary>
    public sealed record PolicyLedger(string Policy) : Question;
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

    /// <summary>By policy: whether the requester may break the glass under it.</summary>
    public IReadOnlyDictionary<string, bool> RequesterMayBreakGlass { get; init; } = new Dictionary<string, bool>();

    /// <summary>What signed approvals call this cluster.</summary>
    public string ClusterName { get; init; } = "default";

    /// <summary>The <c>ChangeApproval</c>s of the workload's namespace that can be read; null while not asked.</summary>
    public IReadOnlyList<ApprovalGrant>? ApprovalObjects { get; init; }

    /// <summary>When the decision is made.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>The freezes that select the workload's namespace, whether they are on or not.</summary>
    public IReadOnlyList<ChangeFreeze> Freezes { get; init; } = [];

    /// <summary>The ledger of the workload's namespace, adopted; null while not asked.</summary>
    public RolloutLedger? Ledger { get; init; }

    /// <summary>By policy: the ledger in which it counts over all its namespaces.</summary>
    public IReadOnlyDictionary<string, RolloutLedger> PolicyLedgers { get; init; } = new Dictionary<string, RolloutLedger>();

    /// <summary>The single values that stood on the workload's ReplicaSets; null while not asked.</summary>
    public IReadOnlySet<string>? ApprovalsOnReplicaSets { get; init; }
}
