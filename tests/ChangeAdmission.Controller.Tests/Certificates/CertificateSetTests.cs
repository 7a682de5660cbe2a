using System.Security.Cryptography.X509Certificates;
using System.Text;
using ChangeAdmission.Controller.Certificates;

namespace ChangeAdmission.Controller.Tests.Certificates;

public sealed class CertificateSetTests
{
    // Certificates know no parts of a second.
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly CertificatePlan Plan = new(["changeadmission.system.svc", "127.0.0.1"], TimeSpan.FromDays(90), TimeSpan.FromDays(365));

    [Fact]
    public void A_serving_certificate_is_for_its_hosts_and_signed_by_its_ca()
    {
        var set = CertificateSet.Create(Plan, Start);
        using var certificate = X509Certificate2.CreateFromPem(set.Certificate);

        certificate.MatchesHostname("changeadmission.system.svc").Should().BeTrue();
        certificate.MatchesHostname("127.0.0.1").Should().BeTrue();
        certificate.MatchesHostname("elsewhere.system.svc").Should().BeFalse();
        Expiry(set.Certificate).Should().Be(Start + Plan.Lifetime);
        set.IsSettled.Should().BeTrue();
    }

    [Fact]
    public void Another_ca_of_the_same_name_has_not_signed_it()
    {
        var set = CertificateSet.Create(Plan, Start);
        using var other = X509Certificate2.CreateFromPem(CertificateSet.Create(Plan, Start).Authorities[0]);
        using var certificate = X509Certificate2.CreateFromPem(set.Certificate);

        CertificateAuthority.Signed(other, certificate).Should().BeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(59.9)]
    public void Nothing_is_due_before_two_thirds_of_a_life(double days)
    {
        var set = CertificateSet.Create(Plan, Start);

        set.Next(Plan, Start.AddDays(days), isPublished: true).Should().BeSameAs(set);
        set.NextAt().Should().Be(Start.AddDays(60));
    }

    [Fact]
    public void After_two_thirds_of_its_life_a_certificate_is_replaced_under_the_ca_that_everybody_trusts()
    {
        var before = CertificateSet.Create(Plan, Start);

        var after = before.Next(Plan, Start.AddDays(60), isPublished: true);

        after.Authorities.Should().Equal(before.Authorities);
        after.Retired.Should().BeNull();
        Expiry(after.Certificate).Should().Be(Start.AddDays(150));
    }

    [Fact]
    public void A_certificate_for_other_hosts_is_replaced_at_once()
    {
        var before = CertificateSet.Create(Plan, Start);

        var after = before.Next(Plan with { Hosts = ["elsewhere.system.svc"] }, Start.AddDays(1), isPublished: true);

        using var certificate = X509Certificate2.CreateFromPem(after.Certificate);
        certificate.MatchesHostname("elsewhere.system.svc").Should().BeTrue();
        after.Authorities.Should().Equal(before.Authorities);
    }

    [Fact]
    public void A_ca_is_replaced_in_three_steps_and_whatever_may_be_served_is_trusted_in_each()
    {
        var plan = Plan with { CaLifetime = TimeSpan.FromDays(90) };
        var begin = CertificateSet.Create(plan, Start);
        var due = Start.AddDays(60);

        // 1: both are to be trusted; the old certificate is served until they are.
        var published = begin.Next(plan, due, isPublished: true);
        published.Authorities.Should().HaveCount(2).And.EndWith(begin.Authorities);
        published.Certificate.Should().Be(begin.Certificate);
        published.Next(plan, due.AddHours(1), isPublished: false).Should().BeSameAs(published);

        // 2: served by the new one, and the old one still trusted.
        var served = published.Next(plan, due.AddHours(1), isPublished: true);
        served.IsSettled.Should().BeTrue();
        served.Authorities.Should().Equal(published.Authorities);
        served.Retired.Should().Be(begin.Certificate);

        // 3: dropped only when nobody can serve the old certificate any more.
        var last = Expiry(begin.Certificate);
        served.NextAt().Should().Be(last);
        served.Next(plan, last, isPublished: true).Should().BeSameAs(served);
        var dropped = served.Next(plan, last.AddSeconds(1), isPublished: true);
        dropped.Authorities.Should().Equal(published.Authorities[0]);
        dropped.Retired.Should().BeNull();
        dropped.Certificate.Should().Be(served.Certificate);
    }

    [Fact]
    public void Whatever_steps_are_taken_when_what_is_served_is_never_distrusted_nor_expired()
    {
        // Two replicas, one of which is behind by up to the life of a certificate, and an API server that trusts what was last published.
        var random = new Random(4711);
        for (var run = 0; run < 20; run++)
        {
            var plan = Plan with { CaLifetime = TimeSpan.FromDays(90 + random.Next(60)) };
            var (now, set) = (Start, CertificateSet.Create(plan, Start));
            var trusted = set.Bundle;
            var seen = new List<(string Certificate, DateTimeOffset Until)>();
            for (var step = 0; step < 60; step++)
            {
                now = now.AddDays(random.Next(1, 12));
                var before = set;
                set = set.Next(plan, now, isPublished: trusted == set.Bundle);
                if (set.Certificate != before.Certificate)
                {
                    seen.Add((before.Certificate, Expiry(before.Certificate)));
                }

                // Published before anything new is served.
                trusted = random.Next(3) == 0 && set.Certificate == before.Certificate ? trusted : set.Bundle;
                IsTrusted(trusted, set.Certificate).Should().BeTrue();
                Expiry(set.Certificate).Should().BeAfter(now);
                foreach (var (old, until) in seen.Where(s => s.Until > now))
                {
                    IsTrusted(trusted, old).Should().BeTrue($"a replica that is behind serves it until {until}");
                }
            }
        }
    }

    [Fact]
    public void A_certificate_never_outlives_its_ca()
    {
        var short_ = Plan with { CaLifetime = TimeSpan.FromDays(91) };
        var late = CertificateSet.Create(short_, Start).Next(short_, Start.AddDays(60), isPublished: true);

        Expiry(late.Certificate).Should().Be(Expiry(late.Authorities[0]));
    }

    [Fact]
    public void What_is_stored_is_read_back()
    {
        var plan = Plan with { CaLifetime = TimeSpan.FromDays(90) };
        var set = CertificateSet.Create(plan, Start);
        var rotating = set.Next(plan, Start.AddDays(60), isPublished: true).Next(plan, Start.AddDays(61), isPublished: true);

        foreach (var stored in (CertificateSet[])[set, rotating])
        {
            CertificateSet.Read(stored.ToData(), out var problem).Should().Be(stored);
            problem.Should().BeNull();
        }
    }

    [Theory]
    [InlineData("ca.crt", "")]
    [InlineData("ca.key", null)]
    [InlineData("tls.key", "no key")]
    [InlineData("tls.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData("retired.crt", "no certificate")]
    public void A_damaged_set_is_told_from_a_sound_one(string key, string? value)
    {
        var data = new Dictionary<string, byte[]>(CertificateSet.Create(Plan, Start).ToData());
        data.Remove(key);
        if (value is not null)
        {
            data[key] = Encoding.ASCII.GetBytes(value);
        }

        CertificateSet.Read(data, out var problem).Should().BeNull();
        problem.Should().NotBeNullOrEmpty();
    }

    [Fact]
    public void Keys_of_something_else_are_damage()
    {
        var (set, other) = (CertificateSet.Create(Plan, Start), CertificateSet.Create(Plan, Start));

        CertificateSet.Read((set with { Key = other.Key }).ToData(), out _).Should().BeNull();
        CertificateSet.Read((set with { AuthorityKey = other.AuthorityKey }).ToData(), out _).Should().BeNull();
        CertificateSet.Read((set with { Authorities = other.Authorities, AuthorityKey = other.AuthorityKey }).ToData(), out var problem).Should().BeNull();
        problem.Should().Be("tls.crt is signed by none of ca.crt");
    }

    private static DateTimeOffset Expiry(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.NotAfter;
    }

    private static bool IsTrusted(string bundle, string certificate)
    {
        var serving = new X509Certificate2Collection();
        serving.ImportFromPem(bundle);
        using var served = X509Certificate2.CreateFromPem(certificate);
        return serving.Any(ca => CertificateAuthority.Signed(ca, served));
    }
}
