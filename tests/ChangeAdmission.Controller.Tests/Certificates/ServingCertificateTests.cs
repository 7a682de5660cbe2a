using System.Security.Cryptography;
using System.Text;
using ChangeAdmission.Controller.Certificates;

namespace ChangeAdmission.Controller.Tests.Certificates;

public sealed class ServingCertificateTests
{
    private static readonly CertificateSet Set = CertificateSet.Create(new(["a"], TimeSpan.FromDays(90), TimeSpan.FromDays(365)), DateTimeOffset.UtcNow);

    [Fact]
    public void The_certificate_in_use_is_replaced_in_one_step_and_whoever_publishes_is_told()
    {
        var (serving, told) = (new ServingCertificate(), 0);
        serving.Changed += () => told++;
        (serving.Context, serving.Bundle, serving.NotAfter).Should().Be((null, null, null));

        serving.Use(Set.Certificate, Set.Key, Set.Bundle).Should().BeTrue();
        serving.Use(Set.Certificate, Set.Key, Set.Bundle).Should().BeFalse();

        serving.Context.Should().NotBeNull();
        serving.Bundle.Should().Be(Set.Bundle);
        told.Should().Be(1);
    }

    [Fact]
    public void The_last_good_one_is_served_on_when_the_next_is_damaged()
    {
        var serving = new ServingCertificate();
        serving.Use(Set.Certificate, Set.Key, null);
        var before = serving.Context;

        serving.Invoking(s => s.Use(Set.Certificate, "no key", null)).Should().Throw<CryptographicException>();

        serving.Context.Should().BeSameAs(before);
    }

    [Fact]
    public void It_is_trusted_by_a_bundle_that_holds_its_ca_and_by_no_other()
    {
        var other = CertificateSet.Create(new(["a"], TimeSpan.FromDays(90), TimeSpan.FromDays(365)), DateTimeOffset.UtcNow);
        var serving = new ServingCertificate();
        serving.IsTrustedBy(Encoding.ASCII.GetBytes(Set.Bundle)).Should().BeFalse("nothing is served yet");
        serving.Use(Set.Certificate, Set.Key, Set.Bundle);

        serving.IsTrustedBy(Encoding.ASCII.GetBytes(other.Bundle + Set.Bundle)).Should().BeTrue();
        serving.IsTrustedBy(Encoding.ASCII.GetBytes(other.Bundle)).Should().BeFalse();
        serving.IsTrustedBy(null).Should().BeFalse();
    }
}
