using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ChangeAdmission.Core.Changes;

/// <summary>The images that a pod template names, of containers and of image volumes.</summary>
internal static class PodImages
{
    /// <summary>None for a template that cannot be read.</summary>
    public static IReadOnlySet<string> Of(ReadOnlyMemory<byte> podTemplate)
    {
        var images = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            using var template = JsonDocument.Parse(podTemplate);
            if (Child(template.RootElement, "spec") is not { ValueKind: JsonValueKind.Object } spec)
            {
                return images;
            }

            Add(spec, "initContainers", container => Child(container, "image"), images);
            Add(spec, "containers", container => Child(container, "image"), images);
            Add(spec, "volumes", volume => Child(Child(volume, "image"), "reference"), images);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Its digest says what is wrong with it.
        }

        return images;
    }

    /// <summary>The first 64 bits of the SHA-256 of a reference: short, and enough to tell a workload's images apart.</summary>
    public static string Fingerprint(string image) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image)).AsSpan(0, 8));

    private static void Add(JsonElement spec, string list, Func<JsonElement, JsonElement> imageOf, HashSet<string> images)
    {
        if (Child(spec, list) is { ValueKind: JsonValueKind.Array } items)
        {
            images.UnionWith(items.EnumerateArray().Select(imageOf).Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!));
        }
    }

    private static JsonElement Child(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) ? child : default;
}
