namespace ChangeAdmission.Cli.Manifests;

/// <summary>Finds what <c>-f</c> names: a file, the manifests of a directory, or standard input.</summary>
internal static class ManifestFiles
{
    public const string StandardInput = "-";

    // What kubectl takes from a directory (resource.FileExtensions in k8s.io/cli-runtime).
    private static readonly string[] Extensions = [".json", ".yaml", ".yml"];

    /// <exception cref="ManifestException">There is no such file, it cannot be read, or what it holds is no manifest.</exception>
    public static IEnumerable<Manifest> Read(IReadOnlyList<string> names, bool recursive, Stream input)
    {
        foreach (var file in names.SelectMany(name => Files(name, recursive)))
        {
            byte[] content;
            try
            {
                content = file == StandardInput ? ReadAll(input) : File.ReadAllBytes(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ManifestException($"{file}: {e.Message}");
            }

            foreach (var manifest in ManifestReader.Read(file, content))
            {
                yield return manifest;
            }
        }
    }

    private static List<string> Files(string name, bool recursive)
    {
        if (name == StandardInput || File.Exists(name))
        {
            return [name];
        }

        if (!Directory.Exists(name))
        {
            throw new ManifestException($"{name}: there is no such file or directory");
        }

        var found = Directory.EnumerateFiles(name, "*", recursive ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly)
            .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        return found.Count > 0
            ? found
            : throw new ManifestException($"{name}: holds no {string.Join(", ", Extensions)} file{(recursive ? "" : "; -R looks into its directories too")}");
    }

    private static byte[] ReadAll(Stream input)
    {
        using var content = new MemoryStream();
        input.CopyTo(content);
        return content.ToArray();
    }
}
