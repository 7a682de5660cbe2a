using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Decisions;

public sealed class ApprovalRuleTests
{
    private static readonly string OtherDigest = $"sha256:{new string('a', 64)}";

    private readonly Cluster _cluster = new();

    [Fact]
    public void An_ai_assisted_rollout_without_an_approval_is_rejected_and_says_what_a_senior_runs()
    {
        var request = A.Rollout.DeclaredAIAssisted();

        var violation = _cluster.Decide(request).ShouldBeRejected(Reason.ApprovalMissing);

        violation.Detail.Should().Be("this change is AI-assisted and no senior has approved it");
        violation.Next.Should().Be(
            $"a senior runs  kubectl annotate deployment/payments -n shop --overwrite changeadmission.io/senior-approval={request.Digest}/USERNAME");
    }

    [Fact]
    public void An_approval_of_exactly_this_change_admits_it() =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior")).ShouldBeAdmitted();

    [Fact]
    public void A_human_change_needs_none_and_nothing_is_asked()
    {
        _cluster.Decide(A.Rollout).ShouldBeAdmitted();
        _cluster.Decide(A.Rollout.Annotated(WellKnown.AIAssisted, "false")).ShouldBeAdmitted();
        _cluster.Asked.OfType<Question.MayApprove>().Should().BeEmpty();
    }

    [Fact]
    public void An_approval_of_another_change_does_not_count() =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().Approved($"{OtherDigest}/senior"))
            .ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Be("\"senior\" approved sha256:aaaaaaaaaaaa, which is another change");

    [Fact]
    public void One_byte_of_the_template_makes_another_change()
    {
        var approved = A.Rollout.DeclaredAIAssisted().ApprovedBy("senior");

        _cluster.Decide(approved.WithImage("payments:3")).ShouldBeRejected(Reason.ApprovalInvalid);
    }

    [Theory]
    [InlineData("shop", WorkloadKind.Deployment, "checkout")]
    [InlineData("bank", WorkloadKind.Deployment, "payments")]
    [InlineData("shop", WorkloadKind.StatefulSet, "payments")]
    public void An_approval_serves_no_other_workload(string ns, WorkloadKind kind, string name) =>
        _cluster.Decide(
            A.Rollout.DeclaredAIAssisted().ApprovedBy("senior").Of(new(ns, kind, name)),
            A.Policy with { Workloads = Enum.GetValues<WorkloadKind>() }).ShouldBeRejected(Reason.ApprovalInvalid);

    [Fact]
    public void The_requester_does_not_approve_alone() =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior").By("senior"))
            .ShouldBeRejected(Reason.SelfApproval).Detail.Should().Contain("approved and requests this change");

    [Fact]
    public void The_author_does_not_approve_alone() =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().WrittenBy("senior").ApprovedBy("senior"))
            .ShouldBeRejected(Reason.SelfApproval).Detail.Should().Contain("approved and wrote this change");

    [Fact]
    public void A_policy_may_allow_self_approval() =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior").By("senior"), A.Policy with { AllowSelfApproval = true }).ShouldBeAdmitted();

    [Fact]
    public void A_policy_may_want_an_author()
    {
        var policy = A.Policy with { RequireAuthor = true };

        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior"), policy).ShouldBeRejected(Reason.SelfApproval);
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().WrittenBy("eve").ApprovedBy("senior"), policy).ShouldBeAdmitted();
    }

    [Fact]
    public void Two_approvals_are_those_of_two_people()
    {
        var policy = A.Policy with { ApprovalCount = 2 };

        var one = _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior"), policy).ShouldBeRejected(Reason.ApprovalMissing);
        one.Detail.Should().Contain("1 of 2 seniors");
        one.Next.Should().StartWith("another senior runs").And.Contain("/senior,sha256:", "the approval that counts must stay in the value");
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior", "senior"), policy).ShouldBeRejected(Reason.ApprovalMissing);
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy("senior", "principal"), policy).ShouldBeAdmitted();
    }

    [Theory]
    [InlineData("system:serviceaccount:flux:flux")]
    [InlineData("system:admin")]
    [InlineData("SYSTEM:admin")]
    public void What_is_no_person_does_not_approve(string approver) =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy(approver)).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("is not a person");

    [Theory]
    [InlineData("yes")]
    [InlineData("sha256:abc/senior")]
    [InlineData("/senior")]
    public void A_value_without_the_form_does_not_count(string value) =>
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().Approved(value)).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("is not of the form");

    [Fact]
    public void A_create_and_a_generated_name_are_told_what_they_can_do()
    {
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ThatCreates()).ShouldBeRejected(Reason.ApprovalMissing).Next.Should().StartWith("a senior creates a ChangeApproval in namespace shop");
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().ThatCreates(), A.Policy with { Accept = [ApprovalCarrier.Annotation] })
            .ShouldBeRejected(Reason.ApprovalMissing).Next.Should().StartWith("create it with content");
        _cluster.Decide(A.Rollout.DeclaredAIAssisted().WithGeneratedName()).ShouldBeRejected(Reason.ApprovalMissing).Next.Should().StartWith("give the workload a name");
    }

    [Theory]
    [InlineData(ApprovalRequirement.All, true)]
    [InlineData(ApprovalRequirement.None, false)]
    [InlineData(ApprovalRequirement.AIAssisted, false)]
    public void What_needs_approval_is_the_policys_to_say(ApprovalRequirement requirement, bool rejects) =>
        _cluster.Decide(A.Rollout, A.Policy with { ApprovalRequiredFor = requirement }).IsAllowed.Should().Be(!rejects);

    [Fact]
    public void A_write_that_rolls_nothing_out_needs_no_approval() =>
        _cluster.Decide(A.AnnotationWrite.DeclaredAIAssisted()).ShouldBeAdmitted();

    [Fact]
    public void No_set_of_approvals_is_worth_less_than_a_part_of_it() => Gen.Select(Gen.Int[0, 31], Gen.Int[0, 31], Gen.Int[1, 3]).Sample((one, other, count) =>
    {
        // Bits choose among these; of the five, three count.
        string[] approvers = ["senior", "principal", "architect", "dev", "system:serviceaccount:a:b"];
        var policy = A.Policy with { ApprovalCount = count };
        var part = approvers.Where((_, i) => (one & other & (1 << i)) != 0).ToArray();
        var whole = approvers.Where((_, i) => (one & (1 << i)) != 0).ToArray();
        return !_cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy(part), policy).IsAllowed
            || _cluster.Decide(A.Rollout.DeclaredAIAssisted().ApprovedBy(whole), policy).IsAllowed;
    });
}
