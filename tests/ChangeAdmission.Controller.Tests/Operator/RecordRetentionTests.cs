using ChangeAdmission.Controller.Operator.Rollouts;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Controller.Tests.Operator;

public sealed class RecordRetentionTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_newest_twenty_of_the_last_thirty_days_are_kept()
    {
        var recorded = Enumerable.Range(0, 25).Select(i => Recorded(Now.AddDays(-25 + i))).Prepend(Recorded(Now.AddDays(-31))).ToList();

        RecordRetention.Expired(recorded, Now).Should().Equal(recorded.Take(6));
        RecordRetention.Expired([.. recorded.Take(2)], Now).Should().Equal(recorded[0]);
        RecordRetention.Expired([.. recorded.Skip(6)], Now).Should().BeEmpty();
    }

    private static RecordedRollout Recorded(DateTimeOffset at) => new(
        "shop", $"payments-{at.UtcTicks}", new WorkloadReference("shop", WorkloadKind.Deployment, "payments"), "uid", default, default, true,
        RolloutSort.Regular, Provenance.Human, at, RolloutOutcome.Succeeded, true);
}
