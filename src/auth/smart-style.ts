/**
 * How apps can look like the pages here: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#styling.
 * The colours are those of portal.css.
 */
export const smartStyle = {
  color_background: '#f4f6f8',
  color_error: '#a8201a',
  color_highlight: '#0b5c7a',
  color_modal_backdrop: '#16222e',
  color_success: '#14603a',
  color_text: '#16222e',
  dim_border_radius: '6px',
  dim_font_size: '16px',
  dim_spacing_size: '16px',
  font_family_body: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
  font_family_heading: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
} as const;
