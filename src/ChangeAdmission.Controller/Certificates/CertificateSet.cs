using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ChangeAdmission.Controller.Certificates;

/// <summary>What a rotation goes by.</summary>
/// <param name="Hosts">What the serving certificate is for.</param>
/// <param name="Lifetime">Of a serving certificate.</param>
/// <param name="CaLifetime">Of a CA.</param>
internal sealed record CertificatePlan(IReadOnlyList<string> Hosts, TimeSpan Lifetime, TimeSpan CaLifetime);

/// <summary>
/// Our CAs and the serving certificate, as all replicas share them in one Secret; PEM. Its steps (<see cref="Next"/>) are functions of
/// what it holds and of the time, so whichever replica takes one, it is the same.
/// </summary>
/// <param name="Authorities">The CAs that are to be trusted, the newest first; <paramref name="AuthorityKey"/> is that one's. Never empty.</param>
/// <param name="AuthorityKey">The key of an older CA is nowhere any more.</param>
/// <param name="Certificate">What is served; signed by one of the CAs.</param>
/// <param name="Key">Its key.</param>
/// <param name="Retired">What was served last under an older CA: while it is valid, a replica may still serve it. Null when none is left.</param>
internal sealed record CertificateSet(ImmutableArray<string> Authorities, string AuthorityKey, string Certificate, string Key, string? Retired)
{
    private const string AuthoritiesKey = "ca.crt";
    private const string AuthorityKeyKey = "ca.key";
    private const string CertificateKey = "tls.crt";
    private const string KeyKey = "tls.key";
    private const string RetiredKey = "retired.crt";

    /// <summary>What the webhook configurations are to publish.</summary>
    public string Bundle => string.Join('\n', Authorities) + "\n";

    /// <summary>Whether the serving certificate is one of the newest CA.</summary>
    public bool IsSettled
    {
        get
        {
            using var newest = X509Certificate2.CreateFromPem(Authorities[0]);
            using var certificate = X509Certificate2.CreateFromPem(Certificate);
            return CertificateAuthority.Signed(newest, certificate);
        }
    }

    public static CertificateSet Create(CertificatePlan plan, DateTimeOffset now)
    {
        var (ca, caKey) = CertificateAuthority.Create(plan.CaLifetime, now);
        var (certificate, key) = CertificateAuthority.Issue(ca, caKey, plan.Hosts, plan.Lifetime, now);
        return new CertificateSet([ca], caKey, certificate, key, null);
    }

    /// <summary>The first step of a rotation of the CA: the new one is published beside the old, which nothing is signed by any more.</summary>
    public CertificateSet WithNewAuthority(CertificatePlan plan, DateTimeOffset now)
    {
        var (ca, caKey) = CertificateAuthority.Create(plan.CaLifetime, now);
        return this with { Authorities = Authorities.Insert(0, ca), AuthorityKey = caKey };
    }

    /// <summary>
    /// What is due now, or this very set when nothing is. A CA is replaced in three steps: (1) the new one is published beside the old,
    /// (2) once every API server trusts both, a certificate of the new one is served, (3) once the last certificate of the old one has
    /// expired, so that no replica can serve it any more, however far behind, the old CA is dropped.
    /// </summary>
    /// <param name="isPublished">Whether every API server trusts all of <see cref="Authorities"/>.</param>
    public CertificateSet Next(CertificatePlan plan, DateTimeOffset now, bool isPublished)
    {
        using var newest = X509Certificate2.CreateFromPem(Authorities[0]);
        using var certificate = X509Certificate2.CreateFromPem(Certificate);
        if (!CertificateAuthority.Signed(newest, certificate))
        {
            return isPublished ? WithNewCertificate(plan, now) with { Retired = Certificate } : this;
        }

        if (CertificateAuthority.DueAt(newest) <= now)
        {
            return WithNewAuthority(plan, now);
        }

        if (CertificateAuthority.DueAt(certificate) <= now || !plan.Hosts.All(host => certificate.MatchesHostname(host, allowWildcards: false, allowCommonName: false)))
        {
            return WithNewCertificate(plan, now);
        }

        return Authorities.Length > 1 && (Retired is null || Expiry(Retired) < now) ? this with { Authorities = Authorities[..1], Retired = null } : this;
    }

    /// <summary>When <see cref="Next"/> is to be asked again, but for what waits to be published.</summary>
    public DateTimeOffset NextAt()
    {
        using var newest = X509Certificate2.CreateFromPem(Authorities[0]);
        using var certificate = X509Certificate2.CreateFromPem(Certificate);
        var due = CertificateAuthority.DueAt(certificate);
        due = CertificateAuthority.DueAt(newest) < due ? CertificateAuthority.DueAt(newest) : due;
        return Retired is not null && Expiry(Retired) < due ? Expiry(Retired) : due;
    }

    /// <summary>As it is stored.</summary>
    public IReadOnlyDictionary<string, byte[]> ToData()
    {
        var data = new Dictionary<string, byte[]>
        {
            [AuthoritiesKey] = Encoding.ASCII.GetBytes(Bundle),
            [AuthorityKeyKey] = Encoding.ASCII.GetBytes(AuthorityKey),
            [CertificateKey] = Encoding.ASCII.GetBytes(Certificate),
            [KeyKey] = Encoding.ASCII.GetBytes(Key),
        };
        if (Retired is not null)
        {
            data[RetiredKey] = Encoding.ASCII.GetBytes(Retired);
        }

        return data;
    }

    /// <summary>Null for data that do not hold a usable set, with the problem.</summary>
    public static CertificateSet? Read(IReadOnlyDictionary<string, byte[]> data, out string? problem)
    {
        string? Text(string key) => data.TryGetValue(key, out var bytes) ? Encoding.ASCII.GetString(bytes) : null;
        foreach (var key in (string[])[AuthoritiesKey, AuthorityKeyKey, CertificateKey, KeyKey])
        {
            if (!data.ContainsKey(key))
            {
                problem = $"{key} is missing";
                return null;
            }
        }

        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Text(AuthoritiesKey));
            // Throws where a key is not that of its certificate.
            using var newest = X509Certificate2.CreateFromPem(Text(AuthoritiesKey), Text(AuthorityKeyKey));
            using var certificate = X509Certificate2.CreateFromPem(Text(CertificateKey), Text(KeyKey));
            if (!authorities.Any(ca => CertificateAuthority.Signed(ca, certificate)))
            {
                problem = $"{CertificateKey} is signed by none of {AuthoritiesKey}";
                return null;
            }

            if (Text(RetiredKey) is { } retired)
            {
                _ = Expiry(retired);
            }

            problem = null;
            return new CertificateSet(
                [.. authorities.Select(ca => ca.ExportCertificatePem())], Text(AuthorityKeyKey)!, Text(CertificateKey)!, Text(KeyKey)!, Text(RetiredKey));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            problem = e.Message;
            return null;
        }
    }

    public bool Equals(CertificateSet? other) =>
        other is not null && Bundle == other.Bundle && AuthorityKey == other.AuthorityKey && Certificate == other.Certificate && Key == other.Key && Retired == other.Retired;

    public override int GetHashCode() => Certificate.GetHashCode(StringComparison.Ordinal);

    private CertificateSet WithNewCertificate(CertificatePlan plan, DateTimeOffset now)
    {
        var (certificate, key) = CertificateAuthority.Issue(Authorities[0], AuthorityKey, plan.Hosts, plan.Lifetime, now);
        return this with { Certificate = certificate, Key = key };
    }

    private static DateTimeOffset Expiry(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.NotAfter;
    }
}
