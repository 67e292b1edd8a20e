using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace KeyValueStore;

/// <summary>All series of one instrument of one silo, one for each combination of tags.</summary>
internal sealed class InstrumentSeries
{
    private static readonly double[] LatencyBounds = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
    private static readonly double[] SizeBounds = [.. Enumerable.Range(0, 12).Select(power => Math.Pow(4, power))];

    private readonly ConcurrentDictionary<(object? First, object? Second), Cell> _cells = new();
    private readonly double[] _bounds;

    public InstrumentSeries(Instrument instrument, string silo)
    {
        Silo = silo;
        Help = instrument.Description ?? "";
        Type = instrument.GetType().Name.Split('`')[0] switch { "Histogram" => "histogram", "Counter" => "counter", _ => "gauge" };
        _bounds = Type == "histogram" ? instrument.Unit == "ms" ? LatencyBounds : SizeBounds : [];
        var unit = instrument.Unit switch { "ms" => "_milliseconds", "By" => "_bytes", _ => "" };
        var name = instrument.Name.Replace('-', '_').Replace('.', '_');
        Name = name + (name.EndsWith(unit, StringComparison.Ordinal) ? "" : unit) + (Type == "counter" ? "_total" : "");
    }

    /// <summary>The silo.</summary>
    public string Silo { get; }

    /// <summary>Name in Prometheus' form.</summary>
    public string Name { get; }

    /// <summary>What it is, for people.</summary>
    public string Help { get; }

    /// <summary>Histogram, counter or gauge.</summary>
    public string Type { get; }

    /// <summary>Takes a measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = (tags.Length > 0 ? tags[0].Value : null, tags.Length > 1 ? tags[1].Value : null);
        if (!_cells.TryGetValue(key, out var cell))
        {
            cell = _cells.GetOrAdd(key, new Cell(LabelsOf(tags), _bounds.Length));
        }

        lock (cell)
        {
            // What a gauge showed last counts; the others add up.
            cell.Sum = Type == "gauge" ? value : cell.Sum + value;
            cell.Count++;
            if (_bounds.Length > 0)
            {
                var bucket = Array.BinarySearch(_bounds, value);
                cell.Buckets[bucket < 0 ? ~bucket : bucket]++;
            }
        }
    }

    /// <summary>A gauge is what it shows now; of a silo that has stopped there is nothing to show.</summary>
    public void ForgetGauges()
    {
        if (Type == "gauge")
        {
            _cells.Clear();
        }
    }

    /// <summary>Writes all series.</summary>
    public void Write(StringBuilder text)
    {
        foreach (var cell in _cells.Values)
        {
            lock (cell)
            {
                if (_bounds.Length == 0)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{Name}{{{cell.Labels}}} {cell.Sum}\n");
                    continue;
                }

                var below = 0L;
                for (var i = 0; i <= _bounds.Length; i++)
                {
                    below += cell.Buckets[i];
                    var bound = i < _bounds.Length ? _bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                    text.Append(CultureInfo.InvariantCulture, $"{Name}_bucket{{{cell.Labels},le=\"{bound}\"}} {below}\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"{Name}_sum{{{cell.Labels}}} {cell.Sum}\n{Name}_count{{{cell.Labels}}} {cell.Count}\n");
            }
        }
    }

    private string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new StringBuilder($"silo=\"{Silo}\"");
        foreach (var (name, value) in tags)
        {
            var escaped = $"{value}".Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).ReplaceLineEndings("\\n");
            labels.Append(CultureInfo.InvariantCulture, $",{name.Replace('-', '_')}=\"{escaped}\"");
        }

        return labels.ToString();
    }

    private sealed class Cell(string labels, int bounds)
    {
        public string Labels { get; } = labels;

        public long[] Buckets { get; } = new long[bounds + 1];

        public double Sum { get; set; }

        public long Count { get; set; }
    }
}
