using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// <c>frozen</c>: nothing rolls out while a freeze that selects the namespace is on, but an exempt rollback. One that is stored and
/// cannot be read is on, and the reason is <c>invalid</c>.
/// </summary>
internal sealed class FreezeRule : IRule
{
    public bool JudgesAnnotationWrites => false;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        if (context.IsExemptRollback)
        {
            return;
        }

        var now = context.Facts.Now;
        foreach (var freeze in context.Facts.Freezes)
        {
            var state = freeze.Times.At(now);
            if (!state.IsActive || !freeze.AppliesTo.Covers(context.Provenance, context.Policy.Undeclared))
            {
                continue;
            }

            violations.Add(freeze.Times is FreezeTimes.Unknown(var problem)
                ? new Violation(Reason.Invalid, $"the freeze {Quoted.Of(freeze.Name)} itself is invalid: {problem}")
                : new Violation(Reason.Frozen, $"freeze {Quoted.Of(freeze.Name)} ({freeze.Reason}) holds rollouts {End(state, now)}"));
        }
    }

    private static string End(FreezeState state, DateTimeOffset now) =>
        state.Until is { } until ? $"until {LimitText.Date(until)} (in {DurationText.Roughly(until - now)})" : "until it is lifted";
}
