using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// <c>rate-limited</c>: no limit of the policy may be used up. Says how much is used and when the next slot opens. The
/// reservation counts again, by the same function, on the version of the ledger that it writes.
/// </summary>
internal sealed class RateLimitRule : IRule
{
    public bool JudgesAnnotationWrites => false;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        if (context.Rollout is not { } rollout || context.IsExemptRollback || context.Facts.Ledger is not { } ledger)
        {
            return;
        }

        var (policy, facts) = (context.Policy, context.Facts);
        var uses = LimitCheck.Of(ledger.Besides(rollout), rollout, policy, isPolicyLedger: false, facts.Now);
        if (policy.RateLimits.Any(l => l.Per == RateLimitScope.Policy))
        {
            if (!facts.PolicyLedgers.TryGetValue(policy.Name, out var wide))
            {
                context.Ask(new Question.PolicyLedger(policy.Name));
                return;
            }

            uses = uses.Concat(LimitCheck.Of(wide.Besides(rollout), rollout, policy, isPolicyLedger: true, facts.Now));
        }

        foreach (var use in uses.Where(u => u.IsUsedUp))
        {
            violations.Add(new Violation(Reason.RateLimited, LimitText.UsedUp(use, facts.Now)));
        }
    }
}
