using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Decisions;

public sealed class ApprovalForgedRuleTests
{
    private static readonly string Digest = $"sha256:{new string('a', 64)}";

    private readonly Cluster _cluster = new();

    [Fact]
    public void A_senior_writes_her_own_approval() =>
        _cluster.Decide(A.AnnotationWrite.Approving($"{Digest}/senior").By("senior")).ShouldBeAdmitted();

    [Theory]
    [InlineData("dev")]
    [InlineData("principal")]
    [InlineData("system:serviceaccount:flux:flux")]
    public void Nobody_writes_it_for_her(string requester) =>
        _cluster.Decide(A.AnnotationWrite.Approving($"{Digest}/senior").By(requester)).ShouldBeRejected(Reason.ApprovalForged);

    [Fact]
    public void Who_may_not_approve_cannot_even_in_the_own_name() =>
        _cluster.Decide(A.AnnotationWrite.Approving($"{Digest}/dev")).ShouldBeRejected(Reason.ApprovalForged)
            .Detail.Should().Be("\"dev\" may not approve: the verb approve on changepolicies.changeadmission.io/critical is missing");

    [Fact]
    public void A_right_under_one_policy_is_none_under_another()
    {
        var cluster = new Cluster { Approvers = new HashSet<string> { "senior@critical" } };

        cluster.Decide(A.AnnotationWrite.Approving($"{Digest}/senior").By("senior"), A.Policy, A.Policy with { Name = "strict" })
            .ShouldBeRejected(Reason.ApprovalForged).Detail.Should().Contain("/strict is missing");
    }

    [Fact]
    public void A_forged_value_is_rejected_in_a_rollout_too_and_in_every_enforcement()
    {
        foreach (var enforcement in Enum.GetValues<Enforcement>())
        {
            var request = A.Rollout.DeclaredAIAssisted();
            var decision = _cluster.Decide(request.Approving($"{request.Digest}/senior"), A.Policy with { Enforcement = enforcement });

            decision.Outcome.Should().Be(Outcome.Rejected, $"under {enforcement}");
            decision.Reasons().Should().Contain(Reason.ApprovalForged);
        }
    }

    [Fact]
    public void Taking_a_value_away_and_leaving_one_is_free()
    {
        _cluster.Decide(A.AnnotationWrite.Approved($"{Digest}/senior", $"{Digest}/principal").Approving($"{Digest}/senior")).ShouldBeAdmitted();
        _cluster.Decide(A.AnnotationWrite.Approved($"{Digest}/senior", $"{Digest}/principal").Approving($" {Digest}/principal , {Digest}/senior")).ShouldBeAdmitted();
        _cluster.Asked.Should().BeEmpty("nothing is added, so there is nothing to ask");
    }

    [Fact]
    public void Altering_a_value_is_writing_one() =>
        _cluster.Decide(A.AnnotationWrite.Approved($"{Digest}/senior").Approving($"sha256:{new string('b', 64)}/senior")).ShouldBeRejected(Reason.ApprovalForged);

    [Fact]
    public void What_a_replica_set_carries_may_come_back()
    {
        var cluster = new Cluster { OnReplicaSets = new HashSet<string> { $"{Digest}/senior" } };

        cluster.Decide(A.Rollout.Approving($"{Digest}/senior")).ShouldBeAdmitted();
        _cluster.Decide(A.Rollout.Approving($"{Digest}/senior")).ShouldBeRejected(Reason.ApprovalForged);
    }

    [Fact]
    public void The_guard_stands_for_kinds_that_no_policy_lists_and_under_invalid_policies()
    {
        var database = A.AnnotationWrite.Of(new("shop", Core.Changes.WorkloadKind.StatefulSet, "database")).Approving($"{Digest}/senior");

        _cluster.Decide(database).ShouldBeRejected(Reason.ApprovalForged);
        _cluster.DecideUnder(database, new PolicyValidation(A.Policy, [new FieldError("spec.approval", "is wrong")])).Reasons().Should().Contain(Reason.ApprovalForged);
    }
}
