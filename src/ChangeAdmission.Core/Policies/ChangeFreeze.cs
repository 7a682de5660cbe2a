using Cronos;

namespace ChangeAdmission.Core.Policies;

/// <summary>A freeze as somebody wrote it (<c>ChangeFreeze.spec</c>): nothing checked. <see cref="FreezeValidator"/> makes a <see cref="ChangeFreeze"/> of it.</summary>
public sealed record ChangeFreezeSpec
{
    public string? Reason { get; init; }

    public LabelSelectorSpec? NamespaceSelector { get; init; }

    public string? AppliesTo { get; init; }

    /// <summary>RFC 3339.</summary>
    public string? From { get; init; }

    /// <summary>RFC 3339.</summary>
    public string? Until { get; init; }

    /// <summary>Cron, five fields.</summary>
    public string? Schedule { get; init; }

    public string? Duration { get; init; }

    /// <summary>An IANA name.</summary>
    public string? TimeZone { get; init; }
}

/// <summary>A freeze that has been checked.</summary>
public sealed record ChangeFreeze
{
    public required string Name { get; init; }

    /// <summary>Quoted in the rejection.</summary>
    public required string Reason { get; init; }

    /// <summary>Among the critical namespaces; the default selects all of them.</summary>
    public LabelSelector NamespaceSelector { get; init; } = LabelSelector.Everything;

    public ChangeSubset AppliesTo { get; init; } = ChangeSubset.All;

    public required FreezeTimes Times { get; init; }
}

/// <summary>Whether a freeze is on at some instant.</summary>
/// <param name="Until">While it is on: when it ends, null for never. While it is off: null.</param>
/// <param name="NextChange">When it will next be the other way; null for never.</param>
public readonly record struct FreezeState(bool IsActive, DateTimeOffset? Until, DateTimeOffset? NextChange);

/// <summary>When a freeze is on. A closed set.</summary>
public abstract record FreezeTimes
{
    private FreezeTimes()
    {
    }

    public abstract FreezeState At(DateTimeOffset now);

    /// <summary>Once, from one instant to another; null is the beginning, or the end, of time.</summary>
    public sealed record Once(DateTimeOffset? From, DateTimeOffset? Until) : FreezeTimes
    {
        public override FreezeState At(DateTimeOffset now)
        {
            if (From > now)
            {
                return new(false, null, From);
            }

            return Until is null || Until > now ? new(true, Until, Until) : new(false, null, null);
        }
    }

    /// <summary>
    /// Again and again. A start that daylight saving skips is the next valid instant, one that it repeats is one start
    /// (Cronos: https://github.com/HangfireIO/Cronos#daylight-saving-time).
    /// </summary>
    public sealed record Recurring(CronExpression Schedule, TimeSpan Duration, TimeZoneInfo TimeZone) : FreezeTimes
    {
        // Freezes that follow one another without a gap are told as one; beyond so many, as one without an end.
        private const int MaxChained = 1000;

        public override FreezeState At(DateTimeOffset now)
        {
            // The latest start that may still be on, by which the freeze is on.
            DateTimeOffset? latest = null;
            foreach (var start in Schedule.GetOccurrences(now - Duration, now, TimeZone, fromInclusive: false, toInclusive: true))
            {
                latest = start;
            }

            if (latest is not { } began)
            {
                return new(false, null, Schedule.GetNextOccurrence(now, TimeZone));
            }

            for (var i = 0; i < MaxChained; i++)
            {
                if (Schedule.GetNextOccurrence(began, TimeZone) is not { } next || next > began + Duration)
                {
                    var end = (began + Duration).ToUniversalTime();
                    return new(true, end, end);
                }

                began = next;
            }

            return new(true, null, null);
        }
    }

    /// <summary>
    /// Nobody knows: the freeze is stored but cannot be read. It is on, since what it meant to hold up would otherwise pass.
    /// </summary>
    public sealed record Unknown(string Problem) : FreezeTimes
    {
        public override FreezeState At(DateTimeOffset now) => new(true, null, null);
    }
}
