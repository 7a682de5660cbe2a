using System.Security.Cryptography;
using System.Text;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

public class ChangeDigestTests
{
    private const string Template = """{"spec":{"containers":[{"name":"a","image":"a:1"}]}}""";

    [Fact]
    public void It_is_SHA_256_over_the_canonical_form_of_kind_name_namespace_and_template()
    {
        var hashed = """{"kind":"Deployment","name":"payments","namespace":"shop","template":{"spec":{"containers":[{"image":"a:1","name":"a"}]}}}""";
        var expected = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(hashed)));
        TemplateJson.Digest(Template).ToString().Should().Be(expected);
    }

    [Fact]
    public void It_reads_back_from_its_text()
    {
        var digest = TemplateJson.Digest(Template);
        ChangeDigest.TryParse(digest.ToString(), out var parsed).Should().BeTrue();
        parsed.Should().Be(digest);
        digest.Short.Should().Be(digest.ToString()[..19]).And.StartWith("sha256:");
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0")]
    [InlineData("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("SHA256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg")]
    [InlineData(" sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n")]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void Nothing_but_the_exact_form_parses(string text)
    {
        ChangeDigest.TryParse(text, out var digest).Should().BeFalse();
        digest.IsDefault.Should().BeTrue();
    }

    [Fact]
    public void The_default_is_no_digest()
    {
        ChangeDigest none = default;
        none.IsDefault.Should().BeTrue();
        none.Should().NotBe(TemplateJson.Digest(Template));
        ChangeDigest.TryParse(none.ToString(), out _).Should().BeFalse();
        none.Short.Should().Be("(no digest)");
        TemplateJson.Digest(Template).IsDefault.Should().BeFalse();
    }

    [Fact]
    public void Namespace_kind_and_name_are_bound()
    {
        var template = Encoding.UTF8.GetBytes(Template);
        WorkloadReference[] workloads =
        [
            new("shop", WorkloadKind.Deployment, "payments"),
            new("shop", WorkloadKind.StatefulSet, "payments"),
            new("shop", WorkloadKind.DaemonSet, "payments"),
            new("shop2", WorkloadKind.Deployment, "payments"),
            new("shop", WorkloadKind.Deployment, "payments2"),
            new("payments", WorkloadKind.Deployment, "shop"),
            new("shoppay", WorkloadKind.Deployment, "ments"),
            new("", WorkloadKind.Deployment, "shoppayments"),
            new("shop\",\"x\":\"", WorkloadKind.Deployment, "payments"),
        ];
        workloads.Select(workload => ChangeDigest.Compute(workload, template)).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void The_content_digest_sees_all_but_the_annotations()
    {
        Content("""{"metadata":{"labels":{"a":"b"},"annotations":{"x":"y"}},"spec":{}}""")
            .Should().Be(Content("""{"metadata":{"annotations":{"x":"z"},"labels":{"a":"b"}},"spec":{}}"""))
            .And.Be(Content("""{"metadata":{"labels":{"a":"b"}},"spec":{}}"""))
            .And.NotBe(Content("""{"metadata":{"labels":{"a":"c"}},"spec":{}}"""));
        Content("""{"metadata":{"annotations":{"x":"y"}}}""").Should().Be(Content("{}"));
        Content("""{"spec":{"annotations":{"x":"y"}}}""").Should().NotBe(Content("""{"spec":{}}"""));
        TemplateJson.Digest("""{"metadata":{"annotations":{"x":"y"}}}""").Should().NotBe(TemplateJson.Digest("{}"));
    }

    [Fact]
    public void An_unknown_kind_has_no_digest()
    {
        var act = () => ChangeDigest.Compute(new WorkloadReference("a", (WorkloadKind)99, "b"), Encoding.UTF8.GetBytes(Template));
        act.Should().Throw<ArgumentOutOfRangeException>();
    }

    private static ChangeDigest Content(string template) =>
        ChangeDigest.ComputeContent(TemplateJson.Payments, Encoding.UTF8.GetBytes(template));
}
