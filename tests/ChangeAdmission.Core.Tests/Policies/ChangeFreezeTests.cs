using System.Globalization;
using ChangeAdmission.Core.Policies;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Policies;

public sealed class ChangeFreezeTests
{
    private static readonly string[] Zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

    private static readonly ChangeFreezeSpec Weekend = new()
    {
        Reason = "nobody is in the office",
        Schedule = "0 18 * * FRI",
        Duration = "60h",
        TimeZone = "Europe/Berlin",
    };

    [Theory]
    [InlineData("2026-11-27T16:59:59Z", false, "2026-11-27T17:00:00Z")]
    [InlineData("2026-11-27T17:00:00Z", true, "2026-11-30T05:00:00Z")]
    [InlineData("2026-11-30T04:59:59Z", true, "2026-11-30T05:00:00Z")]
    [InlineData("2026-11-30T05:00:00Z", false, "2026-12-04T17:00:00Z")]
    public void A_schedule_is_on_from_its_start_for_its_duration(string now, bool active, string next) =>
        State(Weekend, now).Should().Be(new FreezeState(active, active ? At(next) : null, At(next)));

    [Fact]
    public void From_and_until_hold_once()
    {
        var spec = new ChangeFreezeSpec { Reason = "r", From = "2026-11-27T00:00:00Z", Until = "2026-11-28T01:00:00+01:00" };

        State(spec, "2026-11-26T23:59:59Z").Should().Be(new FreezeState(false, null, At("2026-11-27T00:00:00Z")));
        State(spec, "2026-11-27T00:00:00Z").Should().Be(new FreezeState(true, At("2026-11-28T00:00:00Z"), At("2026-11-28T00:00:00Z")));
        State(spec, "2026-11-28T00:00:00Z").Should().Be(new FreezeState(false, null, null));
    }

    [Fact]
    public void Without_an_end_it_holds_until_it_is_lifted() =>
        State(new ChangeFreezeSpec { Reason = "r", From = "2026-11-27T00:00:00Z" }, "2036-01-01T00:00:00Z").Should().Be(new FreezeState(true, null, null));

    // Clocks in Berlin go from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
    [Theory]
    [InlineData("30 2 * * *", "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("30 2 * * *", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z")]
    public void A_start_that_is_skipped_is_the_next_instant_and_one_that_is_repeated_is_one(string schedule, string before, string start)
    {
        var spec = Weekend with { Schedule = schedule, Duration = "10m" };

        State(spec, before).Should().Be(new FreezeState(false, null, At(start)));
        State(spec, start).IsActive.Should().BeTrue();
        var end = At(start).AddMinutes(10);
        State(spec, end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)).NextChange!.Value.Should().BeAfter(end.AddHours(20), "not again an hour later");
    }

    [Fact]
    public void Times_that_follow_one_another_without_a_gap_end_when_the_last_does()
    {
        var spec = Weekend with { Schedule = "0 0 * * MON-WED", Duration = "24h", TimeZone = null };

        State(spec, "2026-11-23T12:00:00Z").Until.Should().Be(At("2026-11-26T00:00:00Z"));
        State(spec with { Schedule = "* * * * *", Duration = "1m" }, "2026-11-23T12:00:00Z").Should().Be(new FreezeState(true, null, null));
    }

    [Fact]
    public void What_it_says_of_now_and_of_its_next_change_agrees_with_a_look_at_every_minute() => Gen.Select(
        Gen.Int[0, 59], Gen.Int[0, 23], Gen.Int[0, 6], Gen.Int[1, 3000], Gen.Int[0, 60 * 24 * 60], Gen.Int[0, 2].Select(i => Zones[i]))
        .Sample(
            (minute, hour, day, duration, offset, zone) =>
            {
                var times = FreezeValidator.Validate("f", Weekend with { Schedule = $"{minute} {hour} * * {day}", Duration = $"{duration}m", TimeZone = zone }).Freeze.Times;
                var now = At("2026-03-01T00:00:00Z").AddMinutes(offset);
                var state = times.At(now);
                var next = Enumerable.Range(1, 60 * 24 * 8).Select(m => now.AddMinutes(m)).FirstOrDefault(at => times.At(at).IsActive != state.IsActive);
                return state.NextChange == next && state.Until == (state.IsActive ? next : null);
            },
            iter: 300);

    [Theory]
    [InlineData("spec.reason", null, null, null, "0 18 * * FRI", "60h", null)]
    [InlineData("spec", "r", null, null, null, null, null)]
    [InlineData("spec", "r", "2026-11-27T00:00:00Z", null, "0 18 * * FRI", "60h", null)]
    [InlineData("spec.from", "r", "2026-11-27", null, null, null, null)]
    [InlineData("spec.from", "r", "2026-11-27T00:00:00", null, null, null, null)]
    [InlineData("spec.until", "r", "2026-11-27T00:00:00Z", "2026-11-27T00:00:00Z", null, null, null)]
    [InlineData("spec.schedule", "r", null, null, "0 0 18 * * FRI", "60h", null)]
    [InlineData("spec.schedule", "r", null, null, "fridays", "60h", null)]
    [InlineData("spec.schedule", "r", null, null, null, "60h", null)]
    [InlineData("spec.duration", "r", null, null, "0 18 * * FRI", null, null)]
    [InlineData("spec.duration", "r", null, null, "0 18 * * FRI", "0s", null)]
    [InlineData("spec.duration", "r", null, null, "0 18 * * FRI", "745h", null)]
    [InlineData("spec.timeZone", "r", null, null, "0 18 * * FRI", "60h", "Europe/Atlantis")]
    [InlineData("spec.timeZone", "r", null, null, "0 18 * * FRI", "60h", "W. Europe Standard Time")]
    public void What_is_wrong_is_named_with_its_path_and_holds_everything_up(
        string path, string? reason, string? from, string? until, string? schedule, string? duration, string? zone)
    {
        var validation = FreezeValidator.Validate(
            "f", new ChangeFreezeSpec { Reason = reason, From = from, Until = until, Schedule = schedule, Duration = duration, TimeZone = zone });

        validation.Errors.Should().ContainSingle().Which.Path.Should().Be(path);
        validation.Freeze.Times.At(At("2026-01-01T00:00:00Z")).IsActive.Should().BeTrue();
    }

    private static FreezeState State(ChangeFreezeSpec spec, string now)
    {
        var validation = FreezeValidator.Validate("f", spec);
        validation.Errors.Should().BeEmpty();
        return validation.Freeze.Times.At(At(now));
    }

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
}
