using System.Globalization;
using System.Text;

namespace ChangeAdmission.Core.Policies;

/// <summary>
/// Durations as Kubernetes users write them: <c>15m</c>, <c>1h30m</c>. The units h, m and s of Go's
/// <c>time.ParseDuration</c>, whole numbers, each unit at most once and in this order.
/// </summary>
public static class DurationText
{
    /// <summary>What to write, for a message about text that is no duration.</summary>
    public const string Hint = "is not a duration such as 15m or 1h30m";

    private static readonly (char Unit, long Seconds)[] Units = [('h', 3600), ('m', 60), ('s', 1)];

    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var rest = text.AsSpan();
        var seconds = 0L;
        foreach (var (unit, factor) in Units)
        {
            var end = rest.IndexOf(unit);
            if (end < 0)
            {
                continue;
            }

            // Nine digits cannot overflow, and are 30 years of seconds.
            if (end is 0 or > 9 || !int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                return false;
            }

            seconds += count * factor;
            rest = rest[(end + 1)..];
        }

        if (!rest.IsEmpty || seconds > TimeSpan.MaxValue.TotalSeconds)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    /// <summary>The shortest spelling: <c>1h</c>, <c>1h30m</c>, <c>45s</c>; parts of a second are rounded up.</summary>
    public static string Of(TimeSpan duration)
    {
        var seconds = (long)Math.Ceiling(Math.Max(0, duration.TotalSeconds));
        var text = new StringBuilder(16);
        foreach (var (unit, factor) in Units)
        {
            if (seconds >= factor)
            {
                text.Append(CultureInfo.InvariantCulture, $"{seconds / factor}{unit}");
                seconds %= factor;
            }
        }

        return text.Length == 0 ? "0s" : text.ToString();
    }

    /// <summary>How long somebody has to wait, as people say it: in one unit, rounded.</summary>
    public static string Roughly(TimeSpan duration) => duration switch
    {
        { TotalMinutes: < 2 } => $"{Math.Max(1, (long)Math.Ceiling(duration.TotalSeconds))}s",
        { TotalHours: < 2 } => $"{(long)Math.Round(duration.TotalMinutes)}m",
        { TotalDays: < 2 } => $"{(long)Math.Round(duration.TotalHours)}h",
        _ => $"{(long)Math.Round(duration.TotalDays)}d",
    };
}
