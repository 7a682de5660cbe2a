using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>The certificate in use: replaced in one step, read by every new connection.</summary>
internal sealed class ServingCertificate
{
    private volatile Loaded? _loaded;

    /// <summary>After a certificate or a bundle has come into use.</summary>
    public event Action? Changed;

    /// <summary>Null until the first certificate is there.</summary>
    public SslStreamCertificateContext? Context => _loaded?.Context;

    /// <summary>The CAs that we are to publish, PEM; null when somebody else publishes them, or there is no certificate yet.</summary>
    public string? Bundle => _loaded?.Bundle;

    public DateTimeOffset? NotAfter => _loaded?.Certificate.NotAfter;

    /// <summary>Throws where the chain or the key is damaged; then what was served before is served on.</summary>
    /// <param name="chain">PEM: the certificate, and after it the intermediates if there are any.</param>
    /// <param name="key">PEM: its key.</param>
    /// <param name="bundle">As <see cref="Bundle"/>.</param>
    /// <returns>Whether that is anything new.</returns>
    public bool Use(string chain, string key, string? bundle)
    {
        if (_loaded is { } present && present.Chain == chain && present.Key == key && present.Bundle == bundle)
        {
            return false;
        }

        using var fromPem = X509Certificate2.CreateFromPem(chain, key);
        // Some TLS stacks refuse a key that only lives in memory beside the certificate; PKCS#12 binds the two.
        var certificate = X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), null);
        var intermediates = new X509Certificate2Collection();
        intermediates.ImportFromPem(chain);
        intermediates.RemoveAt(0);
        var context = SslStreamCertificateContext.Create(certificate, intermediates.Count == 0 ? null : intermediates, offline: true);
        _loaded = new Loaded(chain, key, bundle, certificate, intermediates, context);
        Changed?.Invoke();
        return true;
    }

    /// <summary>Whether whoever trusts these CAs (PEM) trusts what is served.</summary>
    public bool IsTrustedBy(byte[]? bundle)
    {
        if (_loaded is not { } loaded || bundle is null)
        {
            return false;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Encoding.UTF8.GetString(bundle));
        return authorities.Any(ca => CertificateAuthority.Signed(ca, loaded.Certificate, loaded.Intermediates));
    }

    private sealed record Loaded(
        string Chain, string Key, string? Bundle, X509Certificate2 Certificate, X509Certificate2Collection Intermediates, SslStreamCertificateContext Context);
}
