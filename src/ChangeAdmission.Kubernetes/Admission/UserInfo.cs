using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Kubernetes.Admission;

/// <summary><c>authentication.k8s.io/v1 UserInfo</c>, as it stands in a review.</summary>
public sealed record UserInfo
{
    public string? Username { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    /// <summary>Who made the request.</summary>
    /// <exception cref="AdmissionReviewException">It does not say.</exception>
    public static Requester Of(AdmissionRequest request)
    {
        try
        {
            var user = request.UserInfo.IsEmpty ? null : JsonSerializer.Deserialize(request.UserInfo.Of(request.Body).Span, AdmissionJson.Default.UserInfo);
            return user is { Username.Length: > 0 } ? user.ToRequester() : throw new AdmissionReviewException("request.userInfo.username is missing");
        }
        catch (JsonException e)
        {
            throw new AdmissionReviewException($"request.userInfo is not as Kubernetes writes it, at {e.Path}");
        }
    }

    public Requester ToRequester() => new(Username ?? "", Groups ?? [], Uid, Extra);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserInfo))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class AdmissionJson : JsonSerializerContext;
