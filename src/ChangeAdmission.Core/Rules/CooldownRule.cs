using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// <c>cooldown</c>: after a failed rollout of a workload its next one waits, so that it is not tried again and again. A rollback
/// does not wait.
/// </summary>
internal sealed class CooldownRule : IRule
{
    public bool JudgesAnnotationWrites => false;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        if (context.IsExemptRollback
            || context.Policy.CooldownAfterFailedRollout is not { } cooldown
            || context.History?.FailedAt is not { } failed)
        {
            return;
        }

        var end = failed + cooldown;
        if (end > context.Facts.Now)
        {
            violations.Add(new Violation(
                Reason.Cooldown,
                $"the last rollout of this workload failed at {LimitText.Clock(failed)}; the next may follow at {LimitText.When(end, context.Facts.Now)}, a rollback at once"));
        }
    }
}
