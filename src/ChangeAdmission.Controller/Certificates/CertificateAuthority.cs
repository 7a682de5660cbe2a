using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>Makes the CAs that the API server trusts for our webhooks, and serving certificates under them (ECDSA P-256).</summary>
internal static class CertificateAuthority
{
    // A clock that is a little behind must not find the certificate not yet valid.
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    /// <summary>A CA of its own, with a key that nobody else has.</summary>
    public static (string Certificate, string Key) Create(TimeSpan lifetime, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=changeadmission-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var ca = request.CreateSelfSigned(now - Backdated, now + lifetime);
        return (ca.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A serving certificate, which never outlives its CA.</summary>
    public static (string Certificate, string Key) Issue(string caCertificate, string caKey, IReadOnlyList<string> hosts, TimeSpan lifetime, DateTimeOffset now)
    {
        using var ca = X509Certificate2.CreateFromPem(caCertificate, caKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=changeadmission", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(AlternativeNames(hosts));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca, true, false));
        var end = now + lifetime < ca.NotAfter ? now + lifetime : ca.NotAfter;
        var begin = now - Backdated > ca.NotBefore ? now - Backdated : ca.NotBefore;
        using var certificate = request.Create(ca, begin, end, RandomNumberGenerator.GetBytes(16));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>When two thirds of a certificate's life are over.</summary>
    public static DateTimeOffset DueAt(X509Certificate2 certificate)
    {
        DateTimeOffset begin = certificate.NotBefore + Backdated, end = certificate.NotAfter;
        return begin + ((end - begin) * 2 / 3);
    }

    /// <summary>Whether this very CA signed the certificate; its name alone says nothing. Expiry is no matter here.</summary>
    public static bool Signed(X509Certificate2 ca, X509Certificate2 certificate, X509Certificate2Collection? intermediates = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.ExtraStore.AddRange(intermediates ?? []);
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
