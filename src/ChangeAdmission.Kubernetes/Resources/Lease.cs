using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>A coordination.k8s.io/v1 <c>Lease</c>.</summary>
public sealed record Lease
{
    public string ApiVersion { get; init; } = "coordination.k8s.io/v1";

    public string Kind { get; init; } = "Lease";

    public required ObjectMeta Metadata { get; init; }

    public LeaseSpec? Spec { get; init; }

    public static string PathOf(string ns) => $"apis/coordination.k8s.io/v1/namespaces/{Uri.EscapeDataString(ns)}/leases";

    public static string PathOf(string ns, string name) => $"{PathOf(ns)}/{Uri.EscapeDataString(name)}";
}

/// <summary><c>Lease.spec</c>. Nobody holds it while <see cref="HolderIdentity"/> is empty.</summary>
public sealed record LeaseSpec
{
    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    [JsonConverter(typeof(MicroTime))]
    public DateTimeOffset? AcquireTime { get; init; }

    [JsonConverter(typeof(MicroTime))]
    public DateTimeOffset? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }
}

/// <summary><c>metav1.MicroTime</c>: exactly six digits of a second, or the API server does not read it.</summary>
internal sealed class MicroTime : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
}
