namespace ChangeAdmission.Kubernetes.Client;

/// <summary>
/// How far this machine's clock is from the API server's, by the <c>Date</c> headers of its answers. A header is cut to the
/// second and was written at some time during the call, so it bounds the difference and does not give it.
/// </summary>
public sealed class ServerClock
{
    private static readonly TimeSpan HeaderPrecision = TimeSpan.FromSeconds(1);

    // Ticks; what the last answer proves at the least. Positive: our clock is ahead.
    private long _offset;

    /// <summary>At least so far is our clock off; zero when the last answer proves nothing.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offset));

    /// <param name="sent">Our clock when the request was sent.</param>
    /// <param name="received">Our clock when the answer began to arrive.</param>
    /// <param name="date">Its <c>Date</c> header; null where it has none, which proves nothing.</param>
    public void Learn(DateTimeOffset sent, DateTimeOffset received, DateTimeOffset? date)
    {
        if (date is not { } server)
        {
            return;
        }

        // The server's clock showed something in [date, date + 1 s) at some time in [sent, received].
        var offset = sent > server + HeaderPrecision ? sent - server - HeaderPrecision
            : received < server ? received - server
            : TimeSpan.Zero;
        Volatile.Write(ref _offset, offset.Ticks);
    }
}
