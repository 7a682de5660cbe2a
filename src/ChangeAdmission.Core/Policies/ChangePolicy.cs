using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Policies;

/// <summary>What happens to a change that breaks a rule of the policy.</summary>
public enum Enforcement
{
    /// <summary>It is rejected.</summary>
    Enforce,

    /// <summary>It is admitted, and <c>kubectl</c> shows a warning.</summary>
    Warn,

    /// <summary>It is admitted and counted.</summary>
    Audit,
}

/// <summary>What happens to a dry run that breaks a rule.</summary>
public enum DryRunTreatment
{
    /// <summary>What would happen to the change itself.</summary>
    Enforce,

    /// <summary>It is admitted, and <c>kubectl</c> shows a warning.</summary>
    Warn,
}

/// <summary>What a change without any declaration counts as.</summary>
public enum UndeclaredMeaning
{
    Human,
    AIAssisted,

    /// <summary>It is rejected until it declares itself.</summary>
    Reject,
}

/// <summary>Which changes need an approval.</summary>
public enum ApprovalRequirement
{
    AIAssisted,
    All,
    None,
}

/// <summary>A policy that has been checked: every value is in range and every default filled in.</summary>
public sealed record ChangePolicy
{
    public required string Name { get; init; }

    /// <summary>Among the critical namespaces; the default selects all of them.</summary>
    public LabelSelector NamespaceSelector { get; init; } = LabelSelector.Everything;

    public IReadOnlyList<WorkloadKind> Workloads { get; init; } = [WorkloadKind.Deployment];

    public Enforcement Enforcement { get; init; } = Enforcement.Enforce;

    /// <summary>How strictly a dry run is taken: as the real thing, or with a warning so that diffs of unapproved changes work.</summary>
    public DryRunTreatment DryRun { get; init; } = DryRunTreatment.Enforce;

    public IReadOnlyList<ProvenanceEvidence> AiAssistedWhen { get; init; } = [ProvenanceEvidence.Declared];

    public UndeclaredMeaning Undeclared { get; init; } = UndeclaredMeaning.Human;

    public ApprovalRequirement ApprovalRequiredFor { get; init; } = ApprovalRequirement.AIAssisted;

    /// <summary>How many distinct approvers a change needs; 1 to 8.</summary>
    public int ApprovalCount { get; init; } = 1;

    /// <summary>Whether an approver may be the requester or the author.</summary>
    public bool AllowSelfApproval { get; init; }

    /// <summary>Whether a change that names no author cannot be approved (GitOps, where the applier is a robot).</summary>
    public bool RequireAuthor { get; init; }

    /// <summary>How old an approval by object or by signature may be, and for how long one may be given.</summary>
    public TimeSpan ApprovalMaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The carriers by which approvals count.</summary>
    public IReadOnlyList<ApprovalCarrier> Accept { get; init; } = [ApprovalCarrier.Annotation, ApprovalCarrier.Object, ApprovalCarrier.Signature];

    /// <summary>Whose signatures count.</summary>
    public IReadOnlyList<ApprovalSigner> Signers { get; init; } = [];

    public IReadOnlyList<RateLimit> RateLimits { get; init; } = [];

    /// <summary>How long a workload waits after one of its rollouts has failed; null: not at all.</summary>
    public TimeSpan? CooldownAfterFailedRollout { get; init; }

    public RollbackTreatment Rollback { get; init; } = RollbackTreatment.Exempt;

    public UnadmittedRolloutResponse UnadmittedRollout { get; init; } = UnadmittedRolloutResponse.Report;
}

/// <summary>An annotation that marks a change as AI-assisted.</summary>
/// <param name="Annotation">The key, on the workload or on its template.</param>
/// <param name="Values">The values that count; empty: any but exactly <c>"false"</c> and <c>""</c>.</param>
public sealed record ProvenanceEvidence(string Annotation, IReadOnlyList<string> Values)
{
    /// <summary>This product's own declaration, with any value that does not deny it.</summary>
    public static ProvenanceEvidence Declared { get; } = new(WellKnown.AIAssisted, []);

    public bool Matches(IReadOnlyDictionary<string, string> annotations) =>
        annotations.TryGetValue(Annotation, out var value)
        && (Values.Count > 0 ? Values.Contains(value, StringComparer.Ordinal) : value is not ("" or "false"));
}
