using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>
/// Keeps our CAs and the serving certificate in a Secret that all replicas share, and takes what is stored there into use as soon as it
/// changes. Any replica takes the step that is due (<see cref="CertificateSet.Next"/>); the store lets one of them win.
/// </summary>
internal sealed partial class CertificateKeeper(
    KubernetesApi api, ControllerOptions options, ServingCertificate serving, ClusterState state, TimeProvider time, ILogger<CertificateKeeper> logger)
    : BackgroundService
{
    public const string SecretName = "changeadmission-webhook-certificates";

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a CA is published before it is served by: every API server learns of it by a watch of its own, and none of them says when.
    /// </summary>
    private static readonly TimeSpan MaxSettling = TimeSpan.FromSeconds(10);

    private readonly CertificatePlan _plan = new(options.Hosts, options.CertificateLifetime, options.CaLifetime);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private CertificateSet? _held;
    private (string Bundle, DateTimeOffset Since)? _published;

    private TimeSpan Settling => options.CertificateLifetime / 10 < MaxSettling ? options.CertificateLifetime / 10 : MaxSettling;

    private string Collection => $"api/v1/namespaces/{options.Namespace}/secrets";

    /// <summary>Takes into use what is stored now, whatever a watch has brought so far.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        if (await FindAsync(ct).ConfigureAwait(false) is { } secret && CertificateSet.Read(secret.Data, out _) is { } stored)
        {
            Use(stored);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var secrets = new Informer<object>(api, new(Collection, static _ => new object(), $"metadata.name={SecretName}"), time, logger);
        secrets.Changed += _ => _wake.Writer.TryWrite(true);
        state.ValidatingConfigurations.Changed += _ => _wake.Writer.TryWrite(true);
        state.MutatingConfigurations.Changed += _ => _wake.Writer.TryWrite(true);
        await Task.WhenAll(secrets.RunAsync(stoppingToken), KeepAsync(stoppingToken)).ConfigureAwait(false);
    }

    private async Task KeepAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var pause = Retry;
            try
            {
                pause = await EnsureAsync(ct).ConfigureAwait(false);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // What is served stays what it is.
                LogRetry(logger, e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await WaitAsync(pause, ct).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(TimeSpan pause, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(pause, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            await _wake.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Time to look again, or to stop.
        }
    }

    // Takes what is due, and says when to look again.
    private async Task<TimeSpan> EnsureAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var secret = await FindAsync(ct).ConfigureAwait(false);
        var (next, stored) = Next(secret, now);
        if (!next.Equals(stored))
        {
            try
            {
                await StoreAsync(next, secret?.Metadata.ResourceVersion, ct).ConfigureAwait(false);
            }
            catch (KubernetesApiException e) when (e.IsConflict)
            {
                // Another replica was first; what it stored is what holds.
                return TimeSpan.Zero;
            }
        }

        Use(next);
        if (!next.IsSettled)
        {
            return Settling;
        }

        var pause = next.NextAt() - now;
        return pause <= TimeSpan.Zero ? Retry : pause < Interval ? pause : Interval;
    }

    private (CertificateSet Next, CertificateSet? Stored) Next(Secret? secret, DateTimeOffset now)
    {
        if (secret is null)
        {
            if (_held is null)
            {
                return (CertificateSet.Create(_plan, now), null);
            }

            // Deleted under our feet: somebody wants another CA.
            LogDeleted(logger, SecretName);
            return (_held.WithNewAuthority(_plan, now), null);
        }

        if (CertificateSet.Read(secret.Data, out var problem) is { } stored)
        {
            return (stored.Next(_plan, now, IsPublished(stored, now)), stored);
        }

        LogDamaged(logger, SecretName, problem!, _held is null ? "a new CA is made" : "what is served is stored again");
        return (_held ?? CertificateSet.Create(_plan, now), null);
    }

    // Both configurations, but for one that is deleted: nobody calls us by that.
    private bool IsPublished(CertificateSet set, DateTimeOffset now)
    {
        var bundle = Encoding.ASCII.GetBytes(set.Bundle);
        var isThere = state.HasSynced
            && ((WebhookConfiguration?[])[state.ValidatingConfiguration, state.MutatingConfiguration])
                .SelectMany(configuration => configuration?.Webhooks ?? [])
                .All(webhook => webhook.ClientConfig?.CaBundle is { } published && published.AsSpan().SequenceEqual(bundle));
        if (!isThere)
        {
            _published = null;
            return false;
        }

        if (_published is not { } since || since.Bundle != set.Bundle)
        {
            _published = (set.Bundle, now);
            return false;
        }

        return now - since.Since >= Settling;
    }

    private void Use(CertificateSet set)
    {
        _held = set;
        if (serving.Use(set.Certificate, set.Key, set.Bundle))
        {
            LogServing(logger, serving.NotAfter!.Value, set.Authorities.Length);
        }
    }

    private async Task<Secret?> FindAsync(CancellationToken ct)
    {
        try
        {
            return await api.GetAsync($"{Collection}/{SecretName}", ResourcesJson.Default.Secret, ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.Status == HttpStatusCode.NotFound && e.Message.Contains(SecretName, StringComparison.Ordinal))
        {
            return null;
        }
    }

    private Task<Secret> StoreAsync(CertificateSet set, string? resourceVersion, CancellationToken ct)
    {
        var secret = new Secret
        {
            Metadata = new ObjectMeta { Name = SecretName, Namespace = options.Namespace, ResourceVersion = resourceVersion },
            Data = set.ToData(),
        };
        var type = ResourcesJson.Default.Secret;
        return resourceVersion is null
            ? api.CreateAsync(Collection, secret, type, type, ct)
            : api.ReplaceAsync($"{Collection}/{SecretName}", secret, type, type, ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving with a certificate that is valid until {NotAfter:u}; CAs to trust: {Authorities}")]
    private static partial void LogServing(ILogger logger, DateTimeOffset notAfter, int authorities);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read or store the serving certificate: {Problem}; trying again in 2 s")]
    private static partial void LogRetry(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Secret {Secret} was deleted: the CA is replaced, and the old one trusted until its last certificate has expired")]
    private static partial void LogDeleted(ILogger logger, string secret);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Secret {Secret} is damaged ({Problem}); {Remedy}")]
    private static partial void LogDamaged(ILogger logger, string secret, string problem, string remedy);
}
