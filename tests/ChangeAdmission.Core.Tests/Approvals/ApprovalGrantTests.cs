using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Tests.Decisions;

namespace ChangeAdmission.Core.Tests.Approvals;

/// <summary>What a <c>ChangeApproval</c> is worth.</summary>
public sealed class ApprovalGrantTests
{
    private static readonly Request Change = A.Rollout.DeclaredAIAssisted();

    private static readonly ApprovalGrant Grant =
        new("yes", Change.Change.Workload, Change.Digest, "senior", Cluster.Noon.AddHours(-1), Cluster.Noon.AddHours(1), ["critical"]);

    [Fact]
    public void It_counts_without_any_annotation_and_for_a_create_too()
    {
        With(Grant).Decide(Change).ShouldBeAdmitted().Rollout!.Approvers.Should().Equal(new Core.Budgets.ApprovedBy("senior", ApprovalCarrier.Object));
        With(Grant).Decide(Change.ThatCreates()).ShouldBeAdmitted();
    }

    [Fact]
    public void One_of_another_workload_or_change_is_no_evidence()
    {
        foreach (var (ns, kind, name) in new[] { ("bank", WorkloadKind.Deployment, "payments"), ("shop", WorkloadKind.StatefulSet, "payments"), ("shop", WorkloadKind.Deployment, "other") })
        {
            With(Grant with { Workload = new(ns, kind, name) }).Decide(Change).ShouldBeRejected(Reason.ApprovalMissing);
        }

        With(Grant with { Digest = Change.WithImage("payments:3").Digest }).Decide(Change).ShouldBeRejected(Reason.ApprovalMissing);
    }

    [Fact]
    public void It_expires_to_the_second()
    {
        (With(Grant) with { Now = Grant.ExpiresAt.AddSeconds(-1) }).Decide(Change).ShouldBeAdmitted();
        (With(Grant) with { Now = Grant.ExpiresAt }).Decide(Change).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("expired at 2026-03-02T13:00:00Z");
    }

    [Fact]
    public void It_is_no_older_than_the_policy_allows_whatever_it_says_itself() =>
        With(Grant with { ExpiresAt = Cluster.Noon.AddDays(9) }).Decide(Change, A.Policy with { ApprovalMaxAge = TimeSpan.FromMinutes(30) })
            .ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("expired at 2026-03-02T11:30:00Z");

    [Fact]
    public void It_counts_for_the_policies_alone_under_which_its_creator_may_approve() =>
        With(Grant with { Policies = ["other"] }).Decide(Change).ShouldBeRejected(Reason.ApprovalInvalid).Detail.Should().Contain("not allowed to approve under this policy");

    [Fact]
    public void Its_creator_is_neither_the_requester_nor_the_author()
    {
        With(Grant).Decide(Change.By("senior")).ShouldBeRejected(Reason.SelfApproval);
        With(Grant).Decide(Change.WrittenBy("senior")).ShouldBeRejected(Reason.SelfApproval);
    }

    [Fact]
    public void Service_accounts_approve_nothing() =>
        With(Grant with { Approver = "system:serviceaccount:argo:argo" }).Decide(Change).ShouldBeRejected(Reason.ApprovalInvalid);

    [Fact]
    public void It_is_asked_for_only_where_it_can_change_the_verdict()
    {
        var cluster = With(Grant);
        cluster.Decide(A.Rollout).ShouldBeAdmitted();
        cluster.Decide(Change.ApprovedBy("principal")).ShouldBeAdmitted();
        cluster.Decide(Change, A.Policy with { Accept = [ApprovalCarrier.Annotation] }).ShouldBeRejected(Reason.ApprovalMissing);

        cluster.Asked.OfType<Question.ApprovalObjects>().Should().BeEmpty();
    }

    private static Cluster With(params ApprovalGrant[] grants) => new() { Grants = grants };
}
