using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>The certificate in use: replaced in one step, read by every new connection.</summary>
internal sealed class ServingCertificate
{
    private volatile Loaded? _loaded;

    /// <summary>Null until the first certificate is there.</summary>
    public SslStreamCertificateContext? Context => _loaded?.Context;

    /// <summary>PEM of the CA that the webhook configuration must publish; null until the first certificate is there.</summary>
    public string? CaCertificate => _loaded?.Set.CaCertificate;

    public DateTimeOffset? NotAfter => _loaded?.Certificate.NotAfter;

    public void Use(CertificateSet set)
    {
        using var fromPem = X509Certificate2.CreateFromPem(set.Certificate, set.Key);
        // Some TLS stacks refuse a key that only lives in memory beside the certificate; PKCS#12 binds the two.
        var certificate = X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), null);
        _loaded = new Loaded(set, certificate, SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true));
    }

    private sealed record Loaded(CertificateSet Set, X509Certificate2 Certificate, SslStreamCertificateContext Context);
}
