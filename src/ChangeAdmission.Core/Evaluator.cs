using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Core.Rules;

namespace ChangeAdmission.Core;

/// <summary>
/// The decision: a function of the change, the policies that govern it and what is known. No I/O, no clock. The
/// webhook and the command line both come here.
/// </summary>
public static class Evaluator
{
    /// <param name="change">A rollout, or a write that changes our annotations.</param>
    /// <param name="policies">
    /// The policies that select the workload's namespace. One that does not list the workload's kind guards approvals
    /// only, and appears in the decision only if it has something to say.
    /// </param>
    /// <param name="facts">The answers so far; begin with <see cref="Facts.None"/>.</param>
    public static Evaluation Evaluate(Change change, IReadOnlyList<PolicyValidation> policies, Facts facts)
    {
        var questions = new List<Question>();
        var decisions = new List<PolicyDecision>(policies.Count);
        foreach (var policy in policies)
        {
            var decision = Evaluate(change, policy, facts, questions);
            if (decision.Violations.Count > 0 || policy.Policy.Workloads.Contains(change.Workload.Kind))
            {
                decisions.Add(decision);
            }
        }

        return questions.Count > 0
            ? new Evaluation.NeedsFacts([.. questions.Distinct()])
            : new Evaluation.Decided(new Decision(change, decisions));
    }

    /// <summary>
    /// The decision when something could not be looked up: every governing policy takes it as its enforcement says.
    /// Where even the policies are unknown, or approvals are being added, the change is rejected.
    /// </summary>
    public static Decision Unavailable(Change change, IReadOnlyList<PolicyValidation>? policies, string why)
    {
        var violation = new Violation(Reason.Unavailable, $"this could not be looked up: {why}", "try again");
        if (policies is null)
        {
            return new Decision(change, [new PolicyDecision(null, Enforcement.Enforce, default, [violation])]);
        }

        // An approval that nobody could check must not be planted while nobody is looking, under any enforcement.
        var mustReject = change.Approvals.Claims.Any(c => c.IsNew);
        return new Decision(change, [.. policies.Select(p => Verdict(
            mustReject ? p.Policy with { Enforcement = Enforcement.Enforce } : p.Policy,
            new RuleContext(change, p.Policy, Facts.None),
            [violation]))]);
    }

    private static PolicyDecision Evaluate(Change change, PolicyValidation validation, Facts facts, List<Question> questions)
    {
        var policy = validation.Policy;
        var context = new RuleContext(change, policy, facts);
        // What an invalid policy meant to forbid cannot be known, so it forbids.
        List<Violation> violations =
            [.. validation.Errors.Select(e => new Violation(Reason.Invalid, $"the policy itself is invalid: {e}"))];
        foreach (var rule in RuleTable.Rules)
        {
            if (validation.IsValid ? Applies(rule, context) : rule.JudgesAnnotationWrites)
            {
                rule.Check(context, violations);
            }
        }

        questions.AddRange(context.Questions);
        return Verdict(policy, context, violations);
    }

    // The guard on approvals stands wherever a policy selects the namespace; the other rules judge rollouts of the
    // kinds that the policy lists.
    private static bool Applies(IRule rule, RuleContext context) =>
        rule.JudgesAnnotationWrites || (context.Change.IsRollout && context.Policy.Workloads.Contains(context.Change.Workload.Kind));

    private static PolicyDecision Verdict(ChangePolicy policy, RuleContext context, List<Violation> violations)
    {
        // A stable sort: within one reason, violations stay in the order in which they were found.
        return new PolicyDecision(policy.Name, policy.Enforcement, context.Provenance, [.. violations.OrderBy(v => v.Reason)]);
    }
}
