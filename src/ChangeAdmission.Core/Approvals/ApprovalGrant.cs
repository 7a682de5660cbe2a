using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Approvals;

/// <summary>A <c>ChangeApproval</c> as it is stored: what its creator said yes to, stamped with who that was.</summary>
/// <param name="Name">Of the object.</param>
/// <param name="Approver">The username under which the API server knew its creator.</param>
/// <param name="ApprovedAt">When it was created.</param>
/// <param name="Policies">Under which its creator was allowed to approve at that time; it counts for these alone.</param>
public sealed record ApprovalGrant(
    string Name,
    WorkloadReference Workload,
    ChangeDigest Digest,
    string Approver,
    DateTimeOffset ApprovedAt,
    DateTimeOffset ExpiresAt,
    IReadOnlyList<string> Policies);
