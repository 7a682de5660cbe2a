using System.Globalization;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Budgets;

/// <summary>The words about limits.</summary>
public static class LimitText
{
    /// <summary><c>per-workload allows 4 rollouts in 1h, 4 used; next slot at 14:32:10Z (in 11m)</c>.</summary>
    public static string UsedUp(LimitUse use, DateTimeOffset now)
    {
        var next = use.NextSlot ?? throw new ArgumentException("the limit is not used up", nameof(use));
        var unseen = use.Unseen == 0 ? "" : $" ({use.Unseen} of them reserved and not seen in the cluster yet)";
        return $"{use.Limit.Name} allows {Rollouts(use.Limit)}, {use.Used} used{unseen}; next slot at {When(next, now)}";
    }

    /// <summary>The warning that comes with the admission that takes the last slot.</summary>
    public static string LastSlot(LimitUse use) =>
        $"policy \"{use.Policy}\": this was the last of what {use.Limit.Name} allows, {Rollouts(use.Limit)}";

    /// <summary>A time of day in UTC and how long that is from now; the date too when it is not within a day.</summary>
    public static string When(DateTimeOffset at, DateTimeOffset now) =>
        $"{(at - now < TimeSpan.FromDays(1) ? Clock(at) : Date(at))} (in {DurationText.Roughly(at - now)})";

    public static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Rollouts(RateLimit limit) =>
        $"{limit.Rollouts} {(limit.AppliesTo == ChangeSubset.AIAssisted ? "AI-assisted " : "")}rollout{(limit.Rollouts == 1 ? "" : "s")} in {DurationText.Of(limit.Window)}";
}
