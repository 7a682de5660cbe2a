using System.Diagnostics;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>Waits for conditions, never for time to pass.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Asks until the answer is not null, and returns it.</summary>
    /// <param name="what">What is awaited, for the message of a wait in vain.</param>
    /// <exception cref="TimeoutException">It was null until the deadline.</exception>
    public static async Task<T> Get<T>(string what, Func<Task<T?>> ask, int seconds = 20)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            if (watch.Elapsed > TimeSpan.FromSeconds(seconds))
            {
                throw new TimeoutException($"waited {seconds} s in vain for {what}");
            }

            await Task.Delay(Interval);
        }
    }

    /// <summary>Asks until the answer is yes; returns how long that took.</summary>
    public static async Task<TimeSpan> Holds(string what, Func<Task<bool>> ask, int seconds = 20)
    {
        var watch = Stopwatch.StartNew();
        await Get(what, async () => await ask() ? what : null, seconds);
        return watch.Elapsed;
    }
}
