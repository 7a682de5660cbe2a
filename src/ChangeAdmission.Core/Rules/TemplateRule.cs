namespace ChangeAdmission.Core.Rules;

/// <summary>
/// The pod template of a rollout must be one whose content can be told: without a digest there is nothing to approve.
/// </summary>
internal sealed class TemplateRule : IRule
{
    public bool JudgesAnnotationWrites => false;

    public void Check(RuleContext context, ICollection<Violation> violations)
    {
        if (context.Change.TemplateProblem is { } problem)
        {
            violations.Add(new(Reason.Invalid, problem));
        }
    }
}
