using ChangeAdmission.Core.Approvals;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// Only the approver writes an approval: a value added to the annotation must name the requester, who must be
/// allowed to approve. Judged on every write that changes the annotation, rollout or not, and in every enforcement.
/// Taking a value away is free.
/// </summary>
internal sealed class ApprovalForgedRule : IRule
{
    public bool JudgesAnnotationWrites => true;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        foreach (var finding in context.Carried.Where(f => f.Standing == ApprovalStanding.Forged))
        {
            violations.Add(new(Reason.ApprovalForged, finding.Why!));
        }
    }
}
