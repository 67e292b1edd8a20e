using System.Globalization;

namespace LogInspector;

/// <summary>A table of text: numbers to the right, the rest to the left.</summary>
internal sealed class Table(params string[] columns)
{
    private readonly List<(string Text, bool IsNumber)[]> _rows = [];

    public void Add(params object[] cells) => _rows.Add(
        [.. cells.Select(static cell => cell is int or long ? (string.Create(CultureInfo.InvariantCulture, $"{cell:N0}"), true) : (cell.ToString() ?? "", false))]);

    public void Write(TextWriter output)
    {
        if (_rows.Count == 0)
        {
            return;
        }

        var widths = columns.Select((column, i) => Math.Max(column.Length, _rows.Max(row => row[i].Text.Length))).ToArray();
        var right = columns.Select((_, i) => _rows[0][i].IsNumber).ToArray();
        output.WriteLine();
        output.WriteLine(Line(i => columns[i]));
        foreach (var row in _rows)
        {
            output.WriteLine(Line(i => row[i].Text));
        }

        output.WriteLine();

        string Line(Func<int, string> cell) =>
            string.Join("  ", widths.Select((width, i) => right[i] ? cell(i).PadLeft(width) : cell(i).PadRight(width))).TrimEnd();
    }
}
