using System.Buffers;

namespace ChangeAdmission.Core.Changes;

internal enum JsonKind : byte
{
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object,
}

/// <summary>
/// A JSON document as a pooled array of nodes, linked by index. Built for being rewritten: nodes can be cut out, renamed and given
/// another text. Members of an object are always in the order of RFC 8785.
/// </summary>
/// <remarks>
/// <code>
///  nodes   [ {…} | "metadata" {} | "spec" {…} | "containers" […] | {…} | "image" "a:1" | … ]
///  names and texts are ranges of the input, or of the scratch buffer when they had escapes or were rewritten
/// </code>
/// </remarks>
internal sealed class JsonTree : IDisposable
{
    public const int Root = 0;
    public const int MaxDepth = 64;
    private const int None = -1;

    private readonly ReadOnlyMemory<byte> _input;
    private Node[] _nodes;
    private int _count;
    private byte[] _scratch = [];
    private int _scratchLength;

    private JsonTree(ReadOnlyMemory<byte> input)
    {
        _input = input;
        _nodes = ArrayPool<Node>.Shared.Rent(Math.Max(64, input.Length / 16));
    }

    /// <exception cref="InvalidPodTemplateException">See <see cref="JsonTreeReader"/>.</exception>
    public static JsonTree Parse(ReadOnlyMemory<byte> utf8)
    {
        var tree = new JsonTree(utf8);
        try
        {
            new JsonTreeReader(tree, utf8.Span).Read();
            return tree;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<Node>.Shared.Return(_nodes);
        if (_scratch.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
        }

        _nodes = [];
        _scratch = [];
    }

    public JsonKind Kind(int node) => _nodes[node].Kind;

    public int FirstChild(int node) => _nodes[node].FirstChild;

    public int NextSibling(int node) => _nodes[node].NextSibling;

    public bool IsEmpty(int node) => _nodes[node].FirstChild == None;

    public ReadOnlySpan<byte> Name(int node) => Slice(_nodes[node].Name);

    /// <summary>The text of a string without escapes, or of a number in canonical form.</summary>
    public ReadOnlySpan<byte> Text(int node) => Slice(_nodes[node].Text);

    public bool NameIsVerbatim(int node) => !_nodes[node].Name.InScratch;

    public bool TextIsVerbatim(int node) => !_nodes[node].Text.InScratch;

    public bool IsString(int node, ReadOnlySpan<byte> text) => Kind(node) == JsonKind.String && Text(node).SequenceEqual(text);

    public bool IsNonEmptyString(int node) => Kind(node) == JsonKind.String && _nodes[node].Text.Length > 0;

    /// <summary>The member of that name, or a negative number.</summary>
    public int Member(int node, ReadOnlySpan<byte> name)
    {
        if (node >= 0 && Kind(node) == JsonKind.Object)
        {
            for (var child = FirstChild(node); child >= 0; child = NextSibling(child))
            {
                if (Name(child).SequenceEqual(name))
                {
                    return child;
                }
            }
        }

        return None;
    }

    /// <summary>Cuts out the child that follows <paramref name="previous"/>, or the first one when that is negative.</summary>
    public void CutAfter(int parent, int previous)
    {
        if (previous < 0)
        {
            _nodes[parent].FirstChild = _nodes[_nodes[parent].FirstChild].NextSibling;
        }
        else
        {
            _nodes[previous].NextSibling = _nodes[_nodes[previous].NextSibling].NextSibling;
        }
    }

    public void SetString(int node, ReadOnlySpan<byte> text)
    {
        _nodes[node].Text = Store(text);
        _nodes[node].Kind = JsonKind.String;
    }

    /// <summary>Adds a member of type string; the caller knows that there is none of that name.</summary>
    public void AddString(int parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        var added = Add(JsonKind.String, Store(name), Store(text));
        var previous = None;
        var next = FirstChild(parent);
        while (next >= 0 && JsonNameOrder.Compare(Name(next), name) < 0)
        {
            previous = next;
            next = NextSibling(next);
        }
        _nodes[added].NextSibling = next;
        if (previous < 0)
        {
            _nodes[parent].FirstChild = added;
        }
        else
        {
            _nodes[previous].NextSibling = added;
        }
    }

    internal int Add(JsonKind kind, TextRange name, TextRange text)
    {
        if (_count == _nodes.Length)
        {
            var larger = ArrayPool<Node>.Shared.Rent(_count * 2);
            _nodes.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<Node>.Shared.Return(_nodes);
            _nodes = larger;
        }
        _nodes[_count] = new Node { Kind = kind, Name = name, Text = text, FirstChild = None, NextSibling = None };
        return _count++;
    }

    internal void Link(int parent, ReadOnlySpan<int> children)
    {
        ref var link = ref _nodes[parent].FirstChild;
        foreach (var child in children)
        {
            link = child;
            link = ref _nodes[child].NextSibling;
        }
        link = None;
    }

    /// <summary>Room in the scratch buffer for a text whose length is known once it is written; <see cref="Keep"/> keeps it.</summary>
    internal Span<byte> Scratch(int atMost)
    {
        if (_scratch.Length - _scratchLength < atMost)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_scratch.Length * 2, Math.Max(1024, _scratchLength + atMost)));
            _scratch.AsSpan(0, _scratchLength).CopyTo(larger);
            if (_scratch.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_scratch);
            }

            _scratch = larger;
        }
        return _scratch.AsSpan(_scratchLength);
    }

    internal TextRange Keep(int length)
    {
        var range = new TextRange(_scratchLength, length, InScratch: true);
        _scratchLength += length;
        return range;
    }

    internal TextRange Store(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return default;
        }
        // The text may lie in the scratch buffer itself, which may move.
        Span<byte> copy = text.Length <= 256 ? stackalloc byte[text.Length] : new byte[text.Length];
        text.CopyTo(copy);
        copy.CopyTo(Scratch(copy.Length));
        return Keep(copy.Length);
    }

    internal ReadOnlySpan<byte> Slice(TextRange range) => range.InScratch
        ? _scratch.AsSpan(range.Start, range.Length)
        : _input.Span.Slice(range.Start, range.Length);

    /// <summary>Where a text lies: in the input, or in the scratch buffer.</summary>
    internal readonly record struct TextRange(int Start, int Length, bool InScratch);

    private struct Node
    {
        public TextRange Name;
        public TextRange Text;
        public int FirstChild;
        public int NextSibling;
        public JsonKind Kind;
    }
}
