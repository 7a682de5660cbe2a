using System.Net;
using ChangeAdmission.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace ChangeAdmission.Kubernetes.Client;

/// <summary>
/// Leads while it holds a Lease, as client-go does (tools/leaderelection/leaderelection.go). No two replicas lead at once:
/// <list type="bullet">
/// <item>A holder stops leading <see cref="RenewDeadline"/> after the beginning of its last renewal that succeeded.</item>
/// <item>Another takes the Lease when it has seen no renewal for <see cref="Duration"/>, by its own clock from when it saw the last;
/// what other machines' clocks say does not matter.</item>
/// <item>Every write is conditional on the version read.</item>
/// </list>
/// </summary>
public sealed partial class LeaderElector(
    KubernetesApi api, string ns, string name, string identity, TimeProvider time, ILogger logger)
{
    /// <summary>Others wait so long after the last renewal that they saw.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    /// <summary>A holder that has not renewed for so long leads no more.</summary>
    public static readonly TimeSpan RenewDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Between attempts to take or renew it.</summary>
    public static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);

    private Lease? _observed;
    private long _observedAt;
    private volatile CancellationTokenSource? _term;

    /// <summary>False from the moment on at which it may lead no longer, also while its work is still ending.</summary>
    public bool IsLeader => _term is { IsCancellationRequested: false };

    /// <summary>Who holds the Lease as far as is known here; null when nobody does.</summary>
    public string? Leader => _observed?.Spec?.HolderIdentity is { Length: > 0 } holder ? holder : null;

    /// <summary>
    /// Runs until cancelled. Whenever this replica gets the Lease, <paramref name="lead"/> is called with a token that is cancelled
    /// when it may lead no longer; another attempt to get it is made only once that has returned.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            if (await TryHoldAsync(ct).ConfigureAwait(false) && Remaining(began) is var remaining && remaining > TimeSpan.Zero)
            {
                await LeadAsync(lead, remaining, ct).ConfigureAwait(false);
            }

            await PauseAsync(ct).ConfigureAwait(false);
        }
    }

    private async Task LeadAsync(Func<CancellationToken, Task> lead, TimeSpan remaining, CancellationToken ct)
    {
        LogLeads(logger, identity);
        using var term = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var deadline = new CancellationTokenSource(remaining, time);
        using var ending = deadline.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), term);
        _term = term;
        var work = Task.Run(() => lead(term.Token), CancellationToken.None);
        try
        {
            while (!term.IsCancellationRequested && !work.IsCompleted)
            {
                await Task.WhenAny(work, PauseAsync(term.Token)).ConfigureAwait(false);
                var began = time.GetTimestamp();
                if (term.IsCancellationRequested || work.IsCompleted || !await TryHoldAsync(term.Token).ConfigureAwait(false))
                {
                    if (Leader is { } other && other != identity)
                    {
                        break;
                    }

                    continue;
                }

                // The process may have stood still while the answer was on its way, and another may lead by now.
                remaining = Remaining(began);
                if (remaining <= TimeSpan.Zero)
                {
                    break;
                }

                // A deadline that has passed meanwhile cannot be moved any more.
                deadline.CancelAfter(remaining);
            }
        }
        finally
        {
            await term.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _term = null;
            if (work.IsFaulted)
            {
                LogFailed(logger, work.Exception);
            }
        }

        LogLeadsNoMore(logger, identity);
        if (ct.IsCancellationRequested)
        {
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    private TimeSpan Remaining(long renewalBegan) => RenewDeadline - time.GetElapsedTime(renewalBegan);

    // Whether the Lease is ours after this. Whatever goes wrong, it is not known to be.
    private async Task<bool> TryHoldAsync(CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var timer = time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), deadline, RetryPeriod * 2, Timeout.InfiniteTimeSpan);
        try
        {
            var present = await ReadAsync(deadline.Token).ConfigureAwait(false);
            var now = time.GetUtcNow();
            if (present is null)
            {
                // Deleted. Its holder learns of that at its next renewal, and leads until then.
                if (MayBeLedByAnother(_observed))
                {
                    return false;
                }

                Observe(await api.CreateAsync(Lease.PathOf(ns), Ours(null, now), ResourcesJson.Default.Lease, ResourcesJson.Default.Lease, deadline.Token)
                    .ConfigureAwait(false));
                return true;
            }

            if (present.Metadata.ResourceVersion != _observed?.Metadata.ResourceVersion)
            {
                Observe(present);
            }

            if (MayBeLedByAnother(present))
            {
                return false;
            }

            Observe(await api.ReplaceAsync(Lease.PathOf(ns, name), Ours(present, now), ResourcesJson.Default.Lease, ResourcesJson.Default.Lease, deadline.Token)
                .ConfigureAwait(false));
            return true;
        }
        catch (KubernetesApiException e) when (e.IsConflict)
        {
            return false;
        }
        catch (Exception e)
        {
            // Refused, broken off, or no answer that Kubernetes would give.
            if (!ct.IsCancellationRequested)
            {
                LogRetry(logger, e.Message);
            }

            return false;
        }
    }

    // Another holds it, and we have seen it renewed not longer ago than it lasts.
    private bool MayBeLedByAnother(Lease? lease) =>
        lease?.Spec is { HolderIdentity: { Length: > 0 } holder } spec
        && holder != identity
        && time.GetElapsedTime(_observedAt) < TimeSpan.FromSeconds(spec.LeaseDurationSeconds ?? Duration.TotalSeconds);

    private async Task<Lease?> ReadAsync(CancellationToken ct)
    {
        try
        {
            return await api.GetAsync(Lease.PathOf(ns, name), ResourcesJson.Default.Lease, ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private Lease Ours(Lease? present, DateTimeOffset now)
    {
        var isOurs = present?.Spec?.HolderIdentity == identity;
        return new Lease
        {
            Metadata = new ObjectMeta { Name = name, Namespace = ns, ResourceVersion = present?.Metadata.ResourceVersion },
            Spec = new LeaseSpec
            {
                HolderIdentity = identity,
                LeaseDurationSeconds = (int)Duration.TotalSeconds,
                AcquireTime = isOurs ? present!.Spec!.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = (present?.Spec?.LeaseTransitions ?? -1) + (isOurs ? 0 : 1),
            },
        };
    }

    // So that another need not wait; if this fails, it waits.
    private async Task ReleaseAsync()
    {
        using var deadline = new CancellationTokenSource(RetryPeriod, time);
        try
        {
            var present = await ReadAsync(deadline.Token).ConfigureAwait(false);
            if (present?.Spec?.HolderIdentity == identity)
            {
                var released = present with { Spec = present.Spec with { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = time.GetUtcNow() } };
                await api.ReplaceAsync(Lease.PathOf(ns, name), released, ResourcesJson.Default.Lease, ResourcesJson.Default.Lease, deadline.Token)
                    .ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is KubernetesApiException or HttpRequestException or IOException or OperationCanceledException)
        {
            LogRetry(logger, e.Message);
        }
    }

    private void Observe(Lease lease) => (_observed, _observedAt) = (lease, time.GetTimestamp());

    private async Task PauseAsync(CancellationToken ct) =>
        await Task.Delay(RetryPeriod * (0.8 + (0.2 * Random.Shared.NextDouble())), time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Identity} leads: its reconcilers run")]
    private static partial void LogLeads(ILogger logger, string identity);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Identity} leads no more: its reconcilers have stopped")]
    private static partial void LogLeadsNoMore(ILogger logger, string identity);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Lease could not be read or written: {Problem}; trying again in 2 s")]
    private static partial void LogRetry(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "The reconcilers ended with an error; they start again with the next term")]
    private static partial void LogFailed(ILogger logger, Exception? e);
}
