using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// Where the policy says <c>undeclared: Reject</c>, a rollout must say whether it was written with an AI assistant.
/// </summary>
internal sealed class DeclarationRule : IRule
{
    public bool JudgesAnnotationWrites => false;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        if (context.Provenance == Provenance.Undeclared && context.Policy.Undeclared == UndeclaredMeaning.Reject)
        {
            violations.Add(new(
                Reason.Undeclared,
                "this change does not say whether it was written with an AI assistant",
                $"set the annotation {WellKnown.AIAssisted} to \"true\" or \"false\""));
        }
    }
}
