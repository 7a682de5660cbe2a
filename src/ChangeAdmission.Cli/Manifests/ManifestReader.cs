using System.Buffers;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ChangeAdmission.Cli.Manifests;

/// <summary>The input is not one that can be read; the message says where and what to do.</summary>
internal sealed class ManifestException(string message) : Exception(message);

/// <summary>One object of a manifest.</summary>
/// <param name="Source">The file it stands in, or <c>-</c>.</param>
/// <param name="Line">Where it begins, from 1.</param>
internal sealed record Manifest(string Source, long Line, JsonElement Root);

/// <summary>Reads manifests, YAML or JSON, into the JSON that <c>kubectl</c> would send. Lists are taken apart.</summary>
internal static class ManifestReader
{
    private const int MaxDepth = 64;

    // Aliases multiply; nobody writes a manifest of so many values.
    private const int MaxValues = 1_000_000;
    private const int MaxBytes = 32 * 1024 * 1024;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = MaxDepth, AllowMultipleValues = true };

    /// <exception cref="ManifestException">It is neither YAML nor JSON that Kubernetes could take.</exception>
    public static IReadOnlyList<Manifest> Read(string source, byte[] content)
    {
        if (content.Length > MaxBytes)
        {
            throw new ManifestException($"{source}: is larger than {MaxBytes / (1024 * 1024)} MiB");
        }

        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(content).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new ManifestException($"{source}: is not UTF-8, at byte {e.Index}");
        }

        var roots = text.AsSpan().TrimStart() is ['{', ..] && TryReadJson(source, text) is { } json ? json : ReadYaml(source, text);
        return [.. roots.SelectMany(Unpacked)];
    }

    private static IEnumerable<Manifest> Unpacked(Manifest manifest)
    {
        if (manifest.Root.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        if (manifest.Root.ValueKind != JsonValueKind.Object)
        {
            throw new ManifestException($"{manifest.Source}:{manifest.Line}: is not a Kubernetes object");
        }

        // kubectl takes `kind: List` and every typed list apart.
        return manifest.Root.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array
            && manifest.Root.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String && kind.GetString()!.EndsWith("List", StringComparison.Ordinal)
                ? items.EnumerateArray().SelectMany(item => Unpacked(manifest with { Root = item }))
                : [manifest];
    }

    // Null when it is not JSON: YAML may begin with a brace too.
    private static List<Manifest>? TryReadJson(string source, string text)
    {
        var manifests = new List<Manifest>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), Strict);
        try
        {
            while (reader.Read())
            {
                var line = 1 + text.AsSpan(0, Math.Min(text.Length, (int)reader.TokenStartIndex)).Count('\n');
                var root = JsonElement.ParseValue(ref reader);
                RefuseDuplicates(source, line, root);
                manifests.Add(new Manifest(source, line, root));
            }
        }
        catch (JsonException)
        {
            return null;
        }

        return manifests;
    }

    private static void RefuseDuplicates(string source, long line, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                RefuseDuplicates(source, line, item);
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            var keys = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in value.EnumerateObject())
            {
                if (!keys.Add(property.Name))
                {
                    throw new ManifestException($"{source}:{line}: the key \"{property.Name}\" stands twice in one object; remove one of them");
                }

                RefuseDuplicates(source, line, property.Value);
            }
        }
    }

    private static List<Manifest> ReadYaml(string source, string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new ManifestException($"{source}:{e.Start.Line}:{e.Start.Column}: {FirstLine(e.InnerException?.Message ?? e.Message)}");
        }

        var manifests = new List<Manifest>(stream.Documents.Count);
        foreach (var root in stream.Documents.Select(document => document.RootNode))
        {
            var json = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(json))
            {
                new YamlWriter(source, writer).Write(root, 1);
            }

            using var document = JsonDocument.Parse(json.WrittenMemory, new JsonDocumentOptions { MaxDepth = MaxDepth });
            manifests.Add(new Manifest(source, root.Start.Line, document.RootElement.Clone()));
        }

        return manifests;
    }

    private static string FirstLine(string message) => message.AsSpan().Trim() is var trimmed && trimmed.IndexOfAny('\r', '\n') is >= 0 and var end
        ? trimmed[..end].ToString()
        : trimmed.ToString();

    // From YAML's nodes to JSON. Aliases have become the nodes that they name, so that one node may come by many times.
    private sealed class YamlWriter(string source, Utf8JsonWriter json)
    {
        private int _values;

        public void Write(YamlNode node, int depth)
        {
            if (depth > MaxDepth)
            {
                throw At(node, $"is nested deeper than {MaxDepth} levels");
            }

            if (++_values > MaxValues)
            {
                throw At(node, $"its aliases unfold to more than {MaxValues} values");
            }

            switch (node)
            {
                case YamlScalarNode scalar:
                    WriteScalar(scalar);
                    break;
                case YamlSequenceNode sequence:
                    json.WriteStartArray();
                    foreach (var item in sequence.Children)
                    {
                        Write(item, depth + 1);
                    }

                    json.WriteEndArray();
                    break;
                case YamlMappingNode mapping:
                    json.WriteStartObject();
                    foreach (var (key, value) in Merged(mapping, depth))
                    {
                        json.WritePropertyName(key);
                        Write(value, depth + 1);
                    }

                    json.WriteEndObject();
                    break;
                default:
                    throw At(node, $"{node.NodeType} is not something a manifest can hold");
            }
        }

        // As go-yaml v2 does it: a merge takes effect where it stands, over the keys before it and under those after it.
        private Dictionary<string, YamlNode> Merged(YamlMappingNode mapping, int depth)
        {
            var values = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
            var written = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (keyNode, value) in mapping.Children)
            {
                if (keyNode is YamlScalarNode { Value: "<<", Style: ScalarStyle.Plain })
                {
                    Merge(values, value, depth + 1);
                    continue;
                }

                var key = Key(keyNode);
                if (!written.Add(key))
                {
                    throw At(keyNode, $"the key \"{key}\" stands twice in one mapping; remove one of them");
                }

                values[key] = value;
            }

            return values;
        }

        private void Merge(Dictionary<string, YamlNode> values, YamlNode merged, int depth)
        {
            if (depth > MaxDepth)
            {
                throw At(merged, $"is nested deeper than {MaxDepth} levels");
            }

            switch (merged)
            {
                case YamlMappingNode mapping:
                    foreach (var (key, value) in Merged(mapping, depth))
                    {
                        values[key] = value;
                    }

                    break;
                case YamlSequenceNode sequence:
                    // The first of a list wins, so it goes last.
                    foreach (var item in sequence.Children.Reverse())
                    {
                        Merge(values, item is YamlMappingNode ? item : throw At(item, "only mappings can be merged"), depth + 1);
                    }

                    break;
                default:
                    throw At(merged, "only mappings can be merged");
            }
        }

        // JSON has text for keys only; what is a number or a boolean in YAML becomes the text of its JSON.
        private string Key(YamlNode node)
        {
            if (node is not YamlScalarNode scalar)
            {
                throw At(node, "a key must be a scalar");
            }

            if (IsText(scalar))
            {
                return scalar.Value ?? "";
            }

            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer))
            {
                WriteScalar(scalar, writer);
            }

            using var value = JsonDocument.Parse(buffer.WrittenMemory);
            return value.RootElement.ValueKind == JsonValueKind.Null ? throw At(node, "a key must not be null") : value.RootElement.ToString() switch
            {
                "True" => "true",
                "False" => "false",
                var other => other,
            };
        }

        private void WriteScalar(YamlScalarNode scalar) => WriteScalar(scalar, json);

        private void WriteScalar(YamlScalarNode scalar, Utf8JsonWriter writer)
        {
            var text = scalar.Value ?? "";
            try
            {
                if (!scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific && scalar.Tag.Value == "tag:yaml.org,2002:binary")
                {
                    writer.WriteStringValue(Encoding.UTF8.GetString(Convert.FromBase64String(text)));
                }
                else if (IsText(scalar))
                {
                    writer.WriteStringValue(text);
                }
                else
                {
                    YamlScalar.Write(text, writer);
                }
            }
            catch (FormatException e)
            {
                throw At(scalar, e.Message);
            }
            catch (ArgumentException)
            {
                throw At(scalar, "is text that is not valid Unicode");
            }
        }

        private static bool IsText(YamlScalarNode scalar) => scalar.Tag is { IsEmpty: false, IsNonSpecific: false }
            ? scalar.Tag.Value is not ("tag:yaml.org,2002:int" or "tag:yaml.org,2002:float" or "tag:yaml.org,2002:bool" or "tag:yaml.org,2002:null")
            : scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any);

        private ManifestException At(YamlNode node, string problem) => new($"{source}:{node.Start.Line}:{node.Start.Column}: {problem}");
    }
}
