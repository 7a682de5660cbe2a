using System.Text;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

public class ImageReferenceTests
{
    private const string Digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("nginx:1.27", "IfNotPresent")]
    [InlineData("nginx:Latest", "IfNotPresent")]
    [InlineData("nginx" + Digest, "IfNotPresent")]
    [InlineData("nginx:1.27" + Digest, "IfNotPresent")]
    [InlineData("nginx:latest" + Digest, "Always")]
    [InlineData("localhost/app", "Always")]
    [InlineData("localhost:5000/app", "Always")]
    [InlineData("localhost:5000/app:v1", "IfNotPresent")]
    [InlineData("GCR.io/team/app:v1", "IfNotPresent")]
    [InlineData("a__b/c-d.e/f--g_h", "Always")]
    public void A_server_fills_in_the_pull_policy_by_tag_and_digest(string image, string policy) => PullPolicy(image).Should().Be(policy);

    [Theory]
    [InlineData("")]
    [InlineData("Nginx")]
    [InlineData("nginx:")]
    [InlineData("nginx:-1")]
    [InlineData("nginx:1 2")]
    [InlineData("nginx@sha256:0123")]
    [InlineData("nginx@")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a_.b")]
    [InlineData("a___b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("registry..io/a")]
    [InlineData("registry-.io/a")]
    [InlineData("registry.io:port/a")]
    [InlineData("registry.io:/a")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("ümläut")]
    public void Of_what_may_be_no_reference_no_default_is_claimed(string image) => PullPolicy(image).Should().BeEmpty();

    [Fact]
    public void Too_long_a_name_or_tag_is_no_reference()
    {
        PullPolicy(new string('a', 238)).Should().BeEmpty();
        PullPolicy("a:" + new string('1', 129)).Should().BeEmpty();
        PullPolicy(new string('a', 237) + ":" + new string('1', 128)).Should().Be("IfNotPresent");
    }

    private static string PullPolicy(string image) => Encoding.UTF8.GetString(ImageReference.DefaultPullPolicy(Encoding.UTF8.GetBytes(image)));
}
