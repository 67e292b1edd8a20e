using System.Text;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>What one command prints: indented where it runs under a header, nothing while quiet.</summary>
internal sealed class TraceOutput
{
    private readonly StringBuilder _text = new();
    private string _indent = "";

    public bool IsQuiet { get; set; }

    public void Line(string text)
    {
        if (IsQuiet)
        {
            return;
        }

        foreach (var line in text.Split('\n'))
        {
            _text.Append(_indent).Append(line).Append('\n');
        }
    }

    public void Lines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Line(line);
        }
    }

    /// <summary>Prints a header and what belongs to it, indented by two.</summary>
    public void Under(string header, Action body)
    {
        Line(header);
        _indent = "  ";
        body();
        _indent = "";
    }

    public string Take()
    {
        var text = _text.Length == 0 ? "ok\n" : _text.ToString();
        _text.Clear();
        return text;
    }

    /// <summary>The command itself failed: that is printed even while quiet.</summary>
    public void Fail()
    {
        _indent = "";
        _text.Append("error\n");
    }
}

/// <summary>A command that fails. The wording is ours, so traces print only that it did.</summary>
internal sealed class TraceCommandException(string message) : Exception(message);
