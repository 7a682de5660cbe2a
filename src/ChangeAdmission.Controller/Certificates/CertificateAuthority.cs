using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>A private CA and the serving certificate it signed, as PEM.</summary>
internal sealed record CertificateSet(string CaCertificate, string CaKey, string Certificate, string Key);

/// <summary>Makes the CA that the API server trusts for our webhooks, and serving certificates under it (ECDSA P-256).</summary>
internal static class CertificateAuthority
{
    public static readonly TimeSpan CaLifetime = TimeSpan.FromDays(3650);
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    // A clock that is a little behind must not find the certificate not yet valid.
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    public static CertificateSet Create(IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=changeadmission-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var ca = request.CreateSelfSigned(now - Backdated, now + CaLifetime);
        return Issue(ca.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), hosts, now);
    }

    /// <summary>A new serving certificate under the same CA, which everybody trusts already.</summary>
    public static CertificateSet Issue(string caCertificate, string caKey, IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var ca = X509Certificate2.CreateFromPem(caCertificate, caKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=changeadmission", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(AlternativeNames(hosts));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca, true, false));
        var end = now + Lifetime < ca.NotAfter ? now + Lifetime : ca.NotAfter;
        using var certificate = request.Create(ca, now - Backdated, end, RandomNumberGenerator.GetBytes(16));
        return new CertificateSet(caCertificate, caKey, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Whether this very CA signed the certificate; its name alone says nothing. Expiry is no matter here.</summary>
    public static bool Signed(X509Certificate2 ca, X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private static X509Extension AlternativeNames(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        return names.Build();
    }
}
