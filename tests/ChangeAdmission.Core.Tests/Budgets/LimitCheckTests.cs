using ChangeAdmission.Core.Budgets;
using static ChangeAdmission.Core.Tests.Budgets.Ledgers;

namespace ChangeAdmission.Core.Tests.Budgets;

public sealed class LimitCheckTests
{
    [Fact]
    public void A_request_that_is_sent_again_does_not_stand_in_its_own_way()
    {
        var policy = Policy(PerWorkload(1, 600));
        var ledger = Running(0).Charged(Rollout(0, 1), policy, At(0));
        var again = Rollout(0, 1, generation: 3);

        LimitCheck.Of(ledger.Besides(again), again, policy, isPolicyLedger: false, At(1)).Should().OnlyContain(u => !u.IsUsedUp && u.Used == 0);
        LimitCheck.Of(ledger.Besides(Rollout(0, 2)), Rollout(0, 2), policy, isPolicyLedger: false, At(1)).Should().OnlyContain(u => u.IsUsedUp);
    }

    [Fact]
    public void The_words_name_the_limit_what_is_used_and_the_next_slot()
    {
        var policy = Policy(PerWorkload(1, 600));
        var ledger = Running(0).Charged(Rollout(0, 1), policy, At(0)).Observe(Seen(1, 2), At(0)).Ledger;
        var use = LimitCheck.Of(ledger, Rollout(1, 2, generation: 2), policy, isPolicyLedger: false, At(60)).Single();

        LimitText.UsedUp(use, At(60)).Should().Be("per-Workload allows 1 rollout in 10m, 1 used; next slot at 12:10:05Z (in 9m)");
    }

    [Theory]
    [InlineData(1, "1s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(3629, "60m")]
    [InlineData(7200, "2h")]
    [InlineData(200_000, "2d")]
    public void How_long_is_said_in_one_unit(int seconds, string words) =>
        Core.Policies.DurationText.Roughly(TimeSpan.FromSeconds(seconds)).Should().Be(words);

    [Theory]
    [InlineData("1h", 3600)]
    [InlineData("1h30m", 5400)]
    [InlineData("15m", 900)]
    [InlineData("90s", 90)]
    [InlineData("168h", 604_800)]
    public void Durations_are_read_as_kubernetes_users_write_them_and_written_back(string text, int seconds)
    {
        Core.Policies.DurationText.TryParse(text, out var duration).Should().BeTrue();
        duration.Should().Be(TimeSpan.FromSeconds(seconds));
        Core.Policies.DurationText.TryParse(Core.Policies.DurationText.Of(duration), out var again).Should().BeTrue();
        again.Should().Be(duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("h")]
    [InlineData("-1h")]
    [InlineData("1m1h")]
    [InlineData("1.5h")]
    [InlineData("1 h")]
    [InlineData("9999999999h")]
    [InlineData("1d")]
    public void What_is_no_duration_is_refused(string text) => Core.Policies.DurationText.TryParse(text, out _).Should().BeFalse();
}
