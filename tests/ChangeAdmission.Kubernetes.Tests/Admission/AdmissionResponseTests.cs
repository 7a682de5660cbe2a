using System.Buffers;
using System.Text;
using System.Text.Json;
using ChangeAdmission.Kubernetes.Admission;

namespace ChangeAdmission.Kubernetes.Tests.Admission;

public sealed class AdmissionResponseTests
{
    [Fact]
    public void Nothing_is_allowed_by_default() => new AdmissionResponse().Allowed.Should().BeFalse();

    [Fact]
    public void A_rejection_is_a_403_with_the_uid_and_the_message()
    {
        var review = Written(AdmissionResponse.Reject("line one\n - \"two\""), "\"a-b\\u0063\"");

        var response = review.GetProperty("response");
        (review.GetProperty("apiVersion").GetString(), review.GetProperty("kind").GetString()).Should().Be(("admission.k8s.io/v1", "AdmissionReview"));
        response.GetProperty("uid").GetString().Should().Be("a-bc", "it is echoed as it came");
        response.GetProperty("allowed").GetBoolean().Should().BeFalse();
        response.GetProperty("status").GetProperty("code").GetInt32().Should().Be(403);
        response.GetProperty("status").GetProperty("message").GetString().Should().Be("line one\n - \"two\"");
    }

    [Fact]
    public void An_admission_has_no_status_and_may_warn()
    {
        var response = Written(new AdmissionResponse { Allowed = true, Warnings = ["careful"], AuditAnnotations = [new("decision", "warned")] }, "\"u\"")
            .GetProperty("response");

        response.GetProperty("allowed").GetBoolean().Should().BeTrue();
        response.TryGetProperty("status", out _).Should().BeFalse();
        response.GetProperty("warnings")[0].GetString().Should().Be("careful");
        response.GetProperty("auditAnnotations").GetProperty("decision").GetString().Should().Be("warned");
    }

    private static JsonElement Written(AdmissionResponse response, string quotedUid)
    {
        var output = new ArrayBufferWriter<byte>();
        response.WriteTo(output, Encoding.UTF8.GetBytes(quotedUid));
        using var document = JsonDocument.Parse(output.WrittenMemory);
        return document.RootElement.Clone();
    }
}
