using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using static ChangeAdmission.Core.Tests.Budgets.Ledgers;

namespace ChangeAdmission.Core.Tests.Budgets;

public sealed class OutcomesTests
{
    [Theory]
    [InlineData(RolloutProgress.Progressing, RolloutOutcome.Progressing)]
    [InlineData(RolloutProgress.Complete, RolloutOutcome.Succeeded)]
    [InlineData(RolloutProgress.Failed, RolloutOutcome.Failed)]
    public void The_latest_ends_as_the_workload_does(RolloutProgress progress, RolloutOutcome outcome) =>
        Outcomes.Of([Recorded(1, 0)], Seen(1, 2), progress).Should().Equal(outcome);

    [Fact]
    public void One_that_another_overtakes_is_superseded_and_one_that_had_ended_stays_as_it_was() =>
        Outcomes.Of([Recorded(1, 0, RolloutOutcome.Failed), Recorded(2, 10), Recorded(3, 20)], Seen(3, 4), RolloutProgress.Progressing)
            .Should().Equal(RolloutOutcome.Failed, RolloutOutcome.Superseded, RolloutOutcome.Progressing);

    [Theory]
    [InlineData(599, RolloutOutcome.RolledBack)]
    [InlineData(600, RolloutOutcome.Succeeded)]
    public void One_that_is_rolled_back_within_ten_minutes_is_rolled_back_though_it_had_succeeded(int seconds, RolloutOutcome outcome) =>
        Outcomes.Of([Recorded(1, 0, RolloutOutcome.Succeeded), Recorded(0, seconds, sort: RolloutSort.Rollback)], Seen(0, 3), RolloutProgress.Complete)
            .Should().Equal(outcome, RolloutOutcome.Succeeded);

    [Fact]
    public void A_deployment_that_exceeded_its_deadline_may_still_come_to_run() =>
        Outcomes.Of([Recorded(1, 0, RolloutOutcome.Failed)], Seen(1, 2), RolloutProgress.Complete).Should().Equal(RolloutOutcome.Succeeded);

    [Fact]
    public void A_workload_that_is_gone_or_another_leaves_its_rollout_superseded()
    {
        Outcomes.Of([Recorded(1, 0)], null, RolloutProgress.Progressing).Should().Equal(RolloutOutcome.Superseded);
        Outcomes.Of([Recorded(1, 0)], Seen(1, 1, uid: "uid-2"), RolloutProgress.Complete).Should().Equal(RolloutOutcome.Superseded);
    }

    [Fact]
    public void A_record_that_the_cluster_has_not_caught_up_with_is_progressing() =>
        Outcomes.Of([Recorded(1, 0)], Seen(0, 1), RolloutProgress.Complete).Should().Equal(RolloutOutcome.Progressing);

    [Theory]
    [InlineData(true, RolloutSort.Regular, true)]
    [InlineData(true, RolloutSort.BreakGlass, false)]
    [InlineData(false, RolloutSort.Regular, false)]
    public void Only_what_was_admitted_regularly_is_good_to_go_back_to(bool admitted, RolloutSort sort, bool good)
    {
        var ledger = Running(0).Learn(Recorded(1, 0, sort: sort) with { IsAdmitted = admitted }, RolloutOutcome.Succeeded, At(1));

        Rollbacks.IsRollback(ledger, Payments, Content(0), Content(1)).Should().Be(good);
    }

    [Fact]
    public void A_failure_is_remembered_for_the_cooldown()
    {
        Running(0).Learn(Recorded(1, 0), RolloutOutcome.Failed, At(9)).HistoryOf(Payments).FailedAt.Should().Be(At(9));
        Running(0).Learn(Recorded(1, 0), RolloutOutcome.RolledBack, At(9)).HistoryOf(Payments).FailedAt.Should().Be(At(9));
        var ledger = Running(0);
        ledger.Learn(Recorded(1, 0), RolloutOutcome.Superseded, At(9)).Should().BeSameAs(ledger);
    }

    private static RecordedRollout Recorded(
        int content, int seconds, RolloutOutcome outcome = RolloutOutcome.Progressing, RolloutSort sort = RolloutSort.Regular) => new(
        "shop", $"payments-{seconds}", Payments, "uid-1", Content(content), new((ulong)content + 1), true, sort, Provenance.Human, At(seconds), outcome, true);
}
