using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Decisions;

public sealed class EvaluatorTests
{
    private readonly Cluster _cluster = new();

    [Theory]
    [InlineData(UndeclaredMeaning.Human, null)]
    [InlineData(UndeclaredMeaning.AIAssisted, Reason.ApprovalMissing)]
    [InlineData(UndeclaredMeaning.Reject, Reason.Undeclared)]
    public void What_declares_nothing_counts_as_the_policy_says(UndeclaredMeaning meaning, Reason? reason)
    {
        var decision = _cluster.Decide(A.Rollout, A.Policy with { Undeclared = meaning });

        decision.Reasons().Should().Equal(reason is { } r ? [r] : []);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("claude-code")]
    [InlineData("False")]
    [InlineData("0")]
    public void Any_value_but_false_and_nothing_declares_ai_assistance(string value) =>
        _cluster.Decide(A.Rollout.Annotated(WellKnown.AIAssisted, value)).ShouldBeRejected(Reason.ApprovalMissing);

    [Fact]
    public void A_claim_on_the_template_counts_and_two_that_disagree_are_ai_assistance()
    {
        _cluster.Decide(A.Rollout.TemplateAnnotated(WellKnown.AIAssisted, "true")).ShouldBeRejected(Reason.ApprovalMissing);
        _cluster.Decide(A.Rollout.TemplateAnnotated(WellKnown.AIAssisted, "true").Annotated(WellKnown.AIAssisted, "false")).ShouldBeRejected(Reason.ApprovalMissing);
    }

    [Fact]
    public void Evidence_of_other_tools_counts_where_the_policy_names_it()
    {
        var policy = A.Policy with { AiAssistedWhen = [ProvenanceEvidence.Declared, new("example.com/generated-by", ["copilot"])] };

        _cluster.Decide(A.Rollout.Annotated("example.com/generated-by", "copilot"), policy).ShouldBeRejected(Reason.ApprovalMissing);
        _cluster.Decide(A.Rollout.Annotated("example.com/generated-by", "a person"), policy).ShouldBeAdmitted();
    }

    [Theory]
    [InlineData(Enforcement.Enforce, Outcome.Rejected)]
    [InlineData(Enforcement.Warn, Outcome.Warned)]
    [InlineData(Enforcement.Audit, Outcome.Audited)]
    public void Enforcement_says_what_happens(Enforcement enforcement, Outcome outcome) =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted(), A.Policy with { Enforcement = enforcement }).Outcome.Should().Be(outcome);

    [Fact]
    public void Every_policy_must_admit_and_all_that_do_not_are_listed()
    {
        var decision = _cluster.Decide(A.Rollout, A.Policy, A.Policy with { Name = "strict", Undeclared = UndeclaredMeaning.Reject }, A.Policy with { Name = "watching", Enforcement = Enforcement.Audit });

        decision.Outcome.Should().Be(Outcome.Rejected);
        decision.Policies.Select(p => (p.Policy, p.Outcome)).Should().Equal(("critical", Outcome.Admitted), ("strict", Outcome.Rejected), ("watching", Outcome.Admitted));
    }

    [Fact]
    public void The_order_of_policies_does_not_change_the_outcome() => Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Bool).Sample((a, b, c, ai) =>
    {
        var policies = new[] { a, b, c }.Select((v, i) => A.Policy with { Name = $"p{i}", Enforcement = (Enforcement)v, Undeclared = (UndeclaredMeaning)((v + i) % 3) }).ToArray();
        var request = ai ? A.Rollout.DeclaredAIAssisted() : A.Rollout;
        return _cluster.Decide(request, policies).Outcome == _cluster.Decide(request, [.. policies.Reverse()]).Outcome;
    });

    [Fact]
    public void Where_no_policy_governs_everything_is_admitted()
    {
        _cluster.DecideUnder(A.Rollout.DeclaredAIAssisted()).ShouldBeAdmitted();
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().Of(new("shop", WorkloadKind.DaemonSet, "agent"))).ShouldBeAdmitted().Policies.Should().BeEmpty();
    }

    [Fact]
    public void An_invalid_policy_rejects_what_it_governs_and_names_what_is_wrong() =>
        _cluster.DecideUnder(A.Rollout, new PolicyValidation(A.Policy, [new("spec.approval.count", "must be 1 to 8")]))
            .ShouldBeRejected(Reason.Invalid).Detail.Should().Be("the policy itself is invalid: spec.approval.count: must be 1 to 8");

    [Theory]
    [InlineData("changeadmission.io/ai_assisted")]
    [InlineData("changeadmission.io/AI-Assisted")]
    [InlineData("changeadmission.io/aiassisted")]
    [InlineData("changeadmisson.io/ai-assisted")]
    [InlineData("changeadmission.io/anything")]
    public void A_key_that_looks_like_ours_is_an_error_and_no_way_through(string key) =>
        _cluster.Decide(A.Rollout.Annotated(key, "true")).ShouldBeRejected(Reason.Invalid).Detail.Should().Contain("looks like changeadmission.io/");

    [Theory]
    [InlineData("example.com/ai-assisted")]
    [InlineData("deployment.kubernetes.io/revision")]
    public void Other_keys_are_left_alone(string key) => _cluster.Decide(A.Rollout.Annotated(key, "true")).ShouldBeAdmitted();

    [Fact]
    public void A_template_that_cannot_be_told_is_rejected() =>
        _cluster.Decide(A.Rollout.WithTemplate("""{"spec":{"containers":[{"name":"\ud800"}]}}""")).ShouldBeRejected(Reason.Invalid);

    [Fact]
    public void Annotations_beyond_their_limits_are_rejected()
    {
        _cluster.Decide(A.Rollout.Annotated("k", new string('x', 257 * 1024))).ShouldBeRejected(Reason.Invalid);
        _cluster.Decide(A.AnnotationWrite.Approving(new string('x', 5 * 1024))).ShouldBeRejected(Reason.Invalid);
        _cluster.Decide(A.AnnotationWrite.Approving([.. Enumerable.Range(0, 9).Select(i => $"v{i}")])).ShouldBeRejected(Reason.Invalid);
    }

    [Theory]
    [InlineData(Enforcement.Enforce, Outcome.Rejected)]
    [InlineData(Enforcement.Warn, Outcome.Warned)]
    [InlineData(Enforcement.Audit, Outcome.Audited)]
    public void What_cannot_be_looked_up_is_rejected_unless_the_policy_only_looks_on(Enforcement enforcement, Outcome outcome)
    {
        var decision = Evaluator.Unavailable(A.Rollout.Change, [(A.Policy with { Enforcement = enforcement }).Valid()], "no answer");

        decision.Outcome.Should().Be(outcome);
        decision.Reasons().Should().Equal(Reason.Unavailable);
    }

    [Fact]
    public void Where_even_the_policies_are_unknown_or_an_approval_is_being_added_it_is_rejected()
    {
        Evaluator.Unavailable(A.Rollout.Change, null, "no answer").IsAllowed.Should().BeFalse();
        Evaluator.Unavailable(A.AnnotationWrite.Approving("x").Change, [(A.Policy with { Enforcement = Enforcement.Audit }).Valid()], "no answer").IsAllowed.Should().BeFalse();
    }
}
