using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
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
        var approvers = new List<ApprovedBy>();
        List<ChangePolicy> governing = [.. policies.Select(p => p.Policy).Where(p => p.Workloads.Contains(change.Workload.Kind))];
        var glass = BreakGlass.Of(change, governing, facts, questions.Add);
        if (questions.Count > 0)
        {
            // Nothing else needs to be known if the glass is broken; not even the ledger, which may be what is broken.
            return new Evaluation.NeedsFacts(questions);
        }

        var rollout = RolloutOf(change, governing, glass, facts, questions);
        foreach (var policy in policies)
        {
            var decision = Evaluate(change, policy, facts, rollout, questions, approvers);
            if (decision.Violations.Count > 0 || policy.Policy.Workloads.Contains(change.Workload.Kind))
            {
                decisions.Add(decision);
            }
        }

        return questions.Count > 0
            ? new Evaluation.NeedsFacts([.. questions.Distinct()])
            : new Evaluation.Decided(new Decision(change, decisions)
            {
                BreakGlass = glass,
                PresentedUnder = rollout is null ? [] : [.. governing.Where(p => ProvenanceReader.Read(change.Proposed, p.AiAssistedWhen) == Provenance.AIAssisted).Select(p => p.Name)],
                Rollout = rollout is null ? null : rollout with { Approvers = [.. approvers.Distinct().OrderBy(a => a.Name, StringComparer.Ordinal).ThenBy(a => a.Carrier)] },
            });
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
            new RuleContext(change, p.Policy, Facts.None, rollout: null),
            [violation]))]);
    }

    private static PolicyDecision Evaluate(Change change, PolicyValidation validation, Facts facts, Rollout? rollout, List<Question> questions, List<ApprovedBy> approvers)
    {
        var policy = validation.Policy;
        var context = new RuleContext(change, policy, facts, rollout);
        List<Violation> violations = [];
        if (rollout?.Sort == RolloutSort.BreakGlass)
        {
            RuleTable.InEveryMode.Check(context, violations);
        }
        else
        {
            CheckAll(validation, context, violations);
        }

        if (rollout is not null)
        {
            approvers.AddRange(context.Carried.Concat(context.Granted).Where(a => a.Standing == ApprovalStanding.Counts).Select(a => new ApprovedBy(a.Approver!, a.Carrier)));
        }

        questions.AddRange(context.Questions);
        return Verdict(policy, context, violations);
    }

    private static void CheckAll(PolicyValidation validation, RuleContext context, List<Violation> violations)
    {
        // What an invalid policy meant to forbid cannot be known, so it forbids.
        violations.AddRange(validation.Errors.Select(e => new Violation(Reason.Invalid, $"the policy itself is invalid: {e}")));
        foreach (var rule in RuleTable.Rules)
        {
            if (validation.IsValid ? Applies(rule, context) : rule.JudgesAnnotationWrites)
            {
                rule.Check(context, violations);
            }
        }
    }

    // What will be written down if the change is admitted; null where nothing is. It needs the ledger to know a rollback.
    private static Rollout? RolloutOf(Change change, List<ChangePolicy> governing, BreakGlass glass, Facts facts, List<Question> questions)
    {
        if (!change.IsRollout || governing.Count == 0 || change.Digest is not { } digest)
        {
            return null;
        }

        var previous = change.PreviousDigest ?? default;
        var rollout = new Rollout
        {
            Workload = change.Workload,
            Uid = change.Uid,
            IsCreate = change.IsCreate,
            Digest = digest,
            PreviousDigest = previous,
            Template = TemplateFingerprint.Of(change.Proposed.Template.Span),
            PreviousTemplate = change.Current is { } current ? TemplateFingerprint.Of(current.Template.Span) : TemplateFingerprint.None,
            PreviousGeneration = change.CurrentGeneration,
            PreviousVersion = change.CurrentVersion,
            Requester = change.Requester.Username,
            Policies = [.. governing.Select(p => new GoverningPolicy(p.Name, StickyProvenance.Of(change, p, facts.Ledger, facts.Now)))],
            Sort = change.IsRestart ? RolloutSort.Restart : RolloutSort.Regular,
        };
        if (glass is BreakGlass.Broken(var reason))
        {
            return rollout with { Sort = RolloutSort.BreakGlass, BreakGlassReason = reason };
        }

        if (facts.Ledger is not { } ledger)
        {
            questions.Add(new Question.NamespaceLedger());
            return null;
        }

        var isExemptRollback = governing.TrueForAll(p => p.Rollback == RollbackTreatment.Exempt)
            && Rollbacks.IsRollback(ledger, change.Workload, previous, digest)
            && Rollbacks.HasExempt(ledger.Besides(rollout), change.Workload, facts.Now);
        return isExemptRollback ? rollout with { Sort = RolloutSort.Rollback } : rollout;
    }

    // The guard on approvals stands wherever a policy selects the namespace; the other rules judge rollouts of the
    // kinds that the policy lists.
    private static bool Applies(IRule rule, RuleContext context) =>
        rule.JudgesAnnotationWrites || (context.Change.IsRollout && context.Policy.Workloads.Contains(context.Change.Workload.Kind));

    private static PolicyDecision Verdict(ChangePolicy policy, RuleContext context, List<Violation> violations)
    {
        // A stable sort: within one reason, violations stay in the order in which they were found.
        var isMild = context.Change.IsDryRun && policy is { DryRun: DryRunTreatment.Warn, Enforcement: Enforcement.Enforce };
        return new PolicyDecision(policy.Name, isMild ? Enforcement.Warn : policy.Enforcement, context.Provenance, [.. violations.OrderBy(v => v.Reason)]);
    }
}
