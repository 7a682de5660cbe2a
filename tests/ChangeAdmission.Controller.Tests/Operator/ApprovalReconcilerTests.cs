using ChangeAdmission.Controller.Operator.Rollouts;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Tests.Operator;

public sealed class ApprovalReconcilerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly ChangeDigest Digest = ChangeDigest.TryParse($"sha256:{new string('1', 64)}", out var digest) ? digest : default;
    private static readonly ApprovalGrant Grant = new("yes", new("shop", WorkloadKind.Deployment, "payments"), Digest, "senior", Noon, Noon.AddHours(1), ["critical"]);

    [Fact]
    public void It_was_used_by_a_rollout_of_its_change_that_its_approver_approved_by_object()
    {
        Status(Noon, Record(Noon.AddMinutes(5))).Should().Match<ChangeApprovalStatus>(s => s.Used && s.UsedAt == Noon.AddMinutes(5));

        Status(Noon, Record(Noon.AddMinutes(-5))).Used.Should().BeFalse("it was not there yet");
        Status(Noon, Record(Noon.AddMinutes(5)) with { Approvers = [new("senior", ApprovalCarrier.Annotation)] }).Used.Should().BeFalse();
        Status(Noon, Record(Noon.AddMinutes(5)) with { Approvers = [new("erin", ApprovalCarrier.Object)] }).Used.Should().BeFalse();
        Status(Noon, Record(Noon.AddMinutes(5)) with { Digest = default }).Used.Should().BeFalse();
    }

    [Fact]
    public void What_was_used_stays_so_when_the_record_is_gone()
    {
        var used = Status(Noon, Record(Noon.AddMinutes(5)));

        ApprovalReconciler.StatusOf(Grant, [], new HeldApproval(Grant, 1, used), Noon.AddMinutes(9)).Should().Be(used);
    }

    [Fact]
    public void It_is_active_until_it_expires_and_kept_for_seven_days_more()
    {
        Status(Grant.ExpiresAt.AddSeconds(-1)).Conditions.Single().Should().Match<Condition>(c => c.Status == "True");
        Status(Grant.ExpiresAt).Conditions.Single().Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Expired");

        ApprovalReconciler.IsForgotten(Grant, Grant.ExpiresAt.AddDays(7).AddSeconds(-1)).Should().BeFalse();
        ApprovalReconciler.IsForgotten(Grant, Grant.ExpiresAt.AddDays(7)).Should().BeTrue();
    }

    private static ChangeApprovalStatus Status(DateTimeOffset now, params RecordedRollout[] records) =>
        ApprovalReconciler.StatusOf(Grant, records, new HeldApproval(Grant, 1, null), now);

    private static RecordedRollout Record(DateTimeOffset at) => new(
        "shop", "r", Grant.Workload, "uid", Digest, new(1), IsAdmitted: true, RolloutSort.Regular, Provenance.AIAssisted, at, RolloutOutcome.Succeeded, HasStatus: true)
    {
        Approvers = [new("senior", ApprovalCarrier.Object)],
    };
}
