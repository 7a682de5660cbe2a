using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ChangeAdmission.Kubernetes.Admission;

/// <summary>The answer to one review.</summary>
public sealed record AdmissionResponse
{
    /// <summary>Never true by default.</summary>
    public bool Allowed { get; init; }

    /// <summary>What <c>kubectl</c> prints for a rejection; several lines are fine.</summary>
    public string Message { get; init; } = "";

    /// <summary>One line each, as <see cref="Core.DecisionText.Warnings"/> makes them.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>A JSON patch (RFC 6902) of the object; empty for none.</summary>
    public ReadOnlyMemory<byte> Patch { get; init; }

    /// <summary>Go into the API server's audit log, each key prefixed with the webhook's name there.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> AuditAnnotations { get; init; } = [];

    public static AdmissionResponse Admit { get; } = new() { Allowed = true };

    public static AdmissionResponse Reject(string message) => new() { Message = message };

    /// <summary>Writes the AdmissionReview that answers the request, its uid echoed byte for byte.</summary>
    public void WriteTo(IBufferWriter<byte> output, ReadOnlySpan<byte> quotedUid)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("apiVersion"u8, "admission.k8s.io/v1"u8);
        json.WriteString("kind"u8, "AdmissionReview"u8);
        json.WriteStartObject("response"u8);
        json.WritePropertyName("uid"u8);
        json.WriteRawValue(quotedUid, skipInputValidation: true);
        json.WriteBoolean("allowed"u8, Allowed);
        if (!Allowed)
        {
            // 403 and never 429: kubectl would retry a 429 for 20 s before it shows anything.
            json.WriteStartObject("status"u8);
            json.WriteString("message"u8, Message);
            json.WriteString("reason"u8, "Forbidden"u8);
            json.WriteNumber("code"u8, 403);
            json.WriteEndObject();
        }

        if (!Patch.IsEmpty)
        {
            json.WriteString("patchType"u8, "JSONPatch"u8);
            json.WriteBase64String("patch"u8, Patch.Span);
        }

        if (Warnings.Count > 0)
        {
            json.WriteStartArray("warnings"u8);
            foreach (var warning in Warnings)
            {
                json.WriteStringValue(warning);
            }

            json.WriteEndArray();
        }

        if (AuditAnnotations.Count > 0)
        {
            json.WriteStartObject("auditAnnotations"u8);
            foreach (var (key, value) in AuditAnnotations)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
    }

    private static readonly JsonWriterOptions Options = new()
    {
        SkipValidation = true,
        // The answer is JSON for the API server and never stands in a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
