using System.Security.Cryptography.X509Certificates;
using ChangeAdmission.Controller.Certificates;

namespace ChangeAdmission.Controller.Tests.Certificates;

public sealed class CertificateAuthorityTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    [Fact]
    public void A_serving_certificate_is_for_its_hosts_and_signed_by_its_ca()
    {
        var set = CertificateAuthority.Create(["changeadmission.system.svc", "127.0.0.1"], Now);
        using var ca = X509Certificate2.CreateFromPem(set.CaCertificate);
        using var certificate = X509Certificate2.CreateFromPem(set.Certificate);

        certificate.MatchesHostname("changeadmission.system.svc").Should().BeTrue();
        certificate.MatchesHostname("127.0.0.1").Should().BeTrue();
        certificate.MatchesHostname("elsewhere.system.svc").Should().BeFalse();
        CertificateAuthority.Signed(ca, certificate).Should().BeTrue();
        certificate.NotAfter.Should().BeCloseTo((Now + CertificateAuthority.Lifetime).LocalDateTime, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Another_ca_of_the_same_name_has_not_signed_it()
    {
        var set = CertificateAuthority.Create(["a"], Now);
        using var other = X509Certificate2.CreateFromPem(CertificateAuthority.Create(["a"], Now).CaCertificate);
        using var certificate = X509Certificate2.CreateFromPem(set.Certificate);

        CertificateAuthority.Signed(other, certificate).Should().BeFalse();
    }

    [Fact]
    public void A_new_certificate_is_issued_under_the_ca_that_everybody_trusts()
    {
        var before = CertificateAuthority.Create(["a"], Now);
        var after = CertificateAuthority.Issue(before.CaCertificate, before.CaKey, ["b"], Now);
        using var ca = X509Certificate2.CreateFromPem(before.CaCertificate);
        using var certificate = X509Certificate2.CreateFromPem(after.Certificate);

        after.CaCertificate.Should().Be(before.CaCertificate);
        after.Certificate.Should().NotBe(before.Certificate);
        CertificateAuthority.Signed(ca, certificate).Should().BeTrue();
    }

    [Fact]
    public void A_certificate_never_outlives_its_ca()
    {
        var set = CertificateAuthority.Create(["a"], Now);
        var late = CertificateAuthority.Issue(set.CaCertificate, set.CaKey, ["a"], Now + CertificateAuthority.CaLifetime - TimeSpan.FromDays(30));
        using var ca = X509Certificate2.CreateFromPem(set.CaCertificate);
        using var certificate = X509Certificate2.CreateFromPem(late.Certificate);

        certificate.NotAfter.Should().Be(ca.NotAfter);
    }

    [Fact]
    public void The_certificate_in_use_is_replaced_in_one_step()
    {
        var serving = new ServingCertificate();
        (serving.Context, serving.CaCertificate, serving.NotAfter).Should().Be((null, null, null));

        var set = CertificateAuthority.Create(["a"], Now);
        serving.Use(set);

        serving.Context.Should().NotBeNull();
        serving.CaCertificate.Should().Be(set.CaCertificate);
    }
}
