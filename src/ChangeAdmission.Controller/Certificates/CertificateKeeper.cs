using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>
/// Keeps the CA and the serving certificate in a Secret that all replicas share. Whoever comes first makes them; the
/// others find them there. A certificate with less than a third of its life left, or for other hosts, is replaced.
/// </summary>
internal sealed partial class CertificateKeeper(
    KubernetesApi api, ControllerOptions options, ServingCertificate serving, TimeProvider time, ILogger<CertificateKeeper> logger)
    : BackgroundService
{
    public const string SecretName = "changeadmission-webhook-certificates";

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private string Collection => $"api/v1/namespaces/{options.Namespace}/secrets";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Interval;
            try
            {
                var set = await EnsureAsync(stoppingToken).ConfigureAwait(false);
                if (set.CaCertificate != serving.CaCertificate || serving.NotAfter != NotAfter(set.Certificate))
                {
                    serving.Use(set);
                    LogServing(logger, serving.NotAfter!.Value);
                }
            }
            catch (Exception e) when (e is KubernetesApiException or HttpRequestException or CryptographicException)
            {
                LogRetry(logger, e.Message);
                pause = Retry;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<CertificateSet> EnsureAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                var secret = await FindAsync(ct).ConfigureAwait(false);
                var stored = secret is null ? null : Read(secret);
                if (stored is not null && !IsDue(stored))
                {
                    return stored;
                }

                var set = stored is null
                    ? CertificateAuthority.Create(options.Hosts, time.GetUtcNow())
                    : CertificateAuthority.Issue(stored.CaCertificate, stored.CaKey, options.Hosts, time.GetUtcNow());
                await StoreAsync(set, secret?.Metadata.ResourceVersion, ct).ConfigureAwait(false);
                return set;
            }
            catch (KubernetesApiException e) when (e.IsConflict)
            {
                // Another replica was first; use what it stored.
            }
        }
    }

    private async Task<Secret?> FindAsync(CancellationToken ct)
    {
        try
        {
            return await api.GetAsync($"{Collection}/{SecretName}", ResourcesJson.Default.Secret, ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.IsNotFound && e.Message.Contains(SecretName, StringComparison.Ordinal))
        {
            return null;
        }
    }

    private Task<Secret> StoreAsync(CertificateSet set, string? resourceVersion, CancellationToken ct)
    {
        var secret = new Secret
        {
            Metadata = new ObjectMeta { Name = SecretName, Namespace = options.Namespace, ResourceVersion = resourceVersion },
            Data = new Dictionary<string, byte[]>
            {
                ["ca.crt"] = Encoding.ASCII.GetBytes(set.CaCertificate),
                ["ca.key"] = Encoding.ASCII.GetBytes(set.CaKey),
                ["tls.crt"] = Encoding.ASCII.GetBytes(set.Certificate),
                ["tls.key"] = Encoding.ASCII.GetBytes(set.Key),
            },
        };
        var type = ResourcesJson.Default.Secret;
        return resourceVersion is null
            ? api.CreateAsync(Collection, secret, type, type, ct)
            : api.ReplaceAsync($"{Collection}/{SecretName}", secret, type, type, ct);
    }

    // Null for a Secret that does not hold a usable set: then everything is made anew.
    private CertificateSet? Read(Secret secret)
    {
        string? Text(string key) => secret.Data.TryGetValue(key, out var bytes) ? Encoding.ASCII.GetString(bytes) : null;
        if (Text("ca.crt") is not { } ca || Text("ca.key") is not { } caKey || Text("tls.crt") is not { } tls || Text("tls.key") is not { } key)
        {
            return null;
        }

        try
        {
            using var authority = X509Certificate2.CreateFromPem(ca, caKey);
            using var certificate = X509Certificate2.CreateFromPem(tls, key);
            var isLasting = authority.NotAfter - time.GetUtcNow() > CertificateAuthority.Lifetime;
            return isLasting && CertificateAuthority.Signed(authority, certificate) ? new CertificateSet(ca, caKey, tls, key) : null;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            LogDamaged(logger, SecretName, e.Message);
            return null;
        }
    }

    private bool IsDue(CertificateSet set)
    {
        using var certificate = X509Certificate2.CreateFromPem(set.Certificate);
        var left = certificate.NotAfter - time.GetUtcNow();
        return left < CertificateAuthority.Lifetime / 3
            || options.Hosts.Any(host => !certificate.MatchesHostname(host, allowWildcards: false, allowCommonName: false));
    }

    private static DateTimeOffset NotAfter(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.NotAfter;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving with a certificate that is valid until {NotAfter:u}")]
    private static partial void LogServing(ILogger logger, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot read or store the serving certificate: {Problem}; trying again in 2 s")]
    private static partial void LogRetry(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Secret {Secret} is damaged ({Problem}); a new certificate is made")]
    private static partial void LogDamaged(ILogger logger, string secret, string problem);
}
